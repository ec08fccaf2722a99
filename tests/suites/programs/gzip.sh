# SPDX-License-Identifier: GPL-2.0
# source: gzip
# packages: gzip
# copy: tests
# check: *
# seconds: 300
. "$SUITES/gnulib.sh"
cases() { gnulib_cases tests/Makefile.am; }
run_case() { gnulib_case "$1" "$(gzip --version | sed -nE '1s/.* //p')" gunzip gzip zcat zcmp zdiff zegrep zfgrep zforce zgrep zless zmore znew; }
