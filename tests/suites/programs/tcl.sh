# SPDX-License-Identifier: GPL-2.0
# source: tcl8.6
# packages: tcl8.6
# copy: tests
# seconds: 900
cases() { (cd tests && ls *.test | sed 's/\.test$//' | grep -vE '^(all|socket|http|httpold)$'); }
run_case() { cd "$WORK/tests" && tclsh8.6 "$1.test" -verbose pbse -tmpdir "$WORK/tmp" -notfile "l.*.test"; }
# Which tests pass, and which fail.
result() {
  tr -d '\r' | sed -nE 's/^\+\+\+\+ ([^ ]+) PASSED.*/\1/p; s/^==== ([^ ]+) .*FAILED$/\1 failed/p; s/^.*(Total\s.*)$/\1/p' >.results
  md5sum <.results
  grep -E 'failed|Total' .results
  :
}
