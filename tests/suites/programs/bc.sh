# SPDX-License-Identifier: GPL-2.0
# source: bc
# packages: bc
# copy: Test
# check: array div exp
cases() { echo array arrayp aryprm atan checklib div exp fact jn ln mul raise sine sqrt sqrt1 sqrt2; }
run_case() { cd "$WORK/Test" && bc -l "$1.b"; }
result() { md5sum; }
