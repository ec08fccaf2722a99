# SPDX-License-Identifier: GPL-2.0
# source: patch
# packages: patch diffutils
# copy: tests
# check: [a-c]*
. "$SUITES/gnulib.sh"
cases() { gnulib_cases tests/Makefile.am; }
run_case() { GNULIB_SHELL=bash PATCH=/usr/bin/patch ed=ed gnulib_case "$1" "$(patch --version | sed -nE '1s/.* //p')" patch; }
