# SPDX-License-Identifier: GPL-2.0
# source: grep
# packages: grep perl
# copy: tests
# check: bre ere spencer1 status two-*
. "$SUITES/gnulib.sh"
cases() { gnulib_cases tests/Makefile.am; }
run_case() { gnulib_case "$1" "$(grep --version | sed -nE '1s/.* //p')" egrep fgrep grep; }
