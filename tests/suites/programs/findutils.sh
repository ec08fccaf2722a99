# SPDX-License-Identifier: GPL-2.0
# source: findutils
# packages: findutils
# copy: tests init.cfg
. "$SUITES/gnulib.sh"
cases() { (cd tests && ls */*.sh); }
run_case() { GNULIB_FOLDER=. gnulib_case "tests/$1" "$(find --version | sed -nE '1s/.* //p')" find xargs; }
