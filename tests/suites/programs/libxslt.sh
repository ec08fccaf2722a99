# SPDX-License-Identifier: GPL-2.0
# source: libxslt
# packages: xsltproc
# copy: tests
# What each style sheet makes of its document, against what is expected.
cases() { (cd tests && find . -name '*.out' | sed -E 's/^\.\/(.*)\.out$/\1/' | sort | while read -r name; do [ ! -e "$name.xsl" ] || echo "$name"; done); }
run_case() {
  name=${1##*/}
  cd "$WORK/tests/$(dirname "$1")" || return 99
  document=$name.xml
  [ -e "$document" ] || document=$WORK/tests/docs/$name.xml
  timeout 100 xsltproc "$name.xsl" "$document" >"$name.made"
  echo "status $?"
  cmp "$name.made" "$name.out"
}
result() { sed -E 's|/[^ "]*/tests/||g'; }
