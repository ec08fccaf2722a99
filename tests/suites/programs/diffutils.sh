# SPDX-License-Identifier: GPL-2.0
# source: diffutils
# packages: diffutils
# copy: tests
# check: *
. "$SUITES/gnulib.sh"
cases() { gnulib_cases tests/Makefile.am; }
run_case() { gnulib_case "$1" "$(diff --version | sed -nE '1s/.* //p')" cmp diff diff3 sdiff; }
