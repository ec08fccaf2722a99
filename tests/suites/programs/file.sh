# SPDX-License-Identifier: GPL-2.0
# source: file
# packages: file
# copy: tests
cases() { (cd tests && ls *.testfile | sed 's/\.testfile$//'); }
# What the installed magic says, which Debian has changed here and there.
run_case() {
  cd "$WORK/tests" || return 99
  local flags=()
  [ ! -e "$1.flags" ] || flags=("-$(cat "$1.flags")")
  TZ=UTC file -b -e tar "${flags[@]}" "$1.testfile"
}
result() { cat; }
