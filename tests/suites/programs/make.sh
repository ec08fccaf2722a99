# SPDX-License-Identifier: GPL-2.0
# source: make-dfsg
# packages: make perl
# copy: tests
cases() { (cd tests/scripts && ls -d */* | grep -vE '~$|^vms/'); }
prepare() { sed -E "s/@[A-Z_]+@//" tests/config-flags.pm.in >tests/config-flags.pm; }
run_case() { cd "$WORK/tests" && perl ./run_make_tests.pl -make /usr/bin/make "$1"; }
result() { grep -aE '^[0-9]+ Tests|^.*\.\.\.+ *(ok|FAILED)'; :; }
