# SPDX-License-Identifier: GPL-2.0
# source: mksh
# packages: mksh perl
# copy: check.pl check.t
# seconds: 300
run_case() { perl check.pl -p /bin/mksh -s check.t -C shell:legacy-no,shell:binmksh,shell:textmode-no,shell:ebcdic-no,shell:faux-ebcdic-no,int:32,fastbox,haveerrno,convfds -T "$WORK/tmp"; }
result() { grep -aE '^(FAIL|pass|Total)' | md5sum; }
