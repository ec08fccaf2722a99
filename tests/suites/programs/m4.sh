# SPDX-License-Identifier: GPL-2.0
# source: m4
# packages: m4
# copy: checks doc examples
# check: ??0.*
cases() { (cd checks && ls | grep -E '^[0-9]'); }
run_case() { cd "$WORK/checks" && sh ./check-them -I ../examples -m /usr/bin/m4 "$1"; }
