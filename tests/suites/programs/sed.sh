# SPDX-License-Identifier: GPL-2.0
# source: sed
# packages: sed
# copy: testsuite init.cfg
# check: [a-c]*
# seconds: 600
. "$SUITES/gnulib.sh"
cases() { (cd testsuite && ls *.sh | grep -vE '^(init|bsd-wrapper)\.sh$'); }
run_case() {
  mkdir -p "$WORK/sed"
  cd "$WORK" || return 99
  GNULIB_FOLDER=. gnulib_case "testsuite/$1" "$(sed --version | sed -nE '1s/.* //p')" sed
}
