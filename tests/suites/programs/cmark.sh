# SPDX-License-Identifier: GPL-2.0
# source: cmark
# packages: cmark python3
# copy: test src
# seconds: 300
# Each example of its specification and of its other collections is one process.
cases() { echo spec regression smart_punct entities; }
run_case() {
  cd "$WORK/test" || return 99
  case $1 in
    entities) python3 entity_tests.py --program /usr/bin/cmark ;;
    smart_punct) python3 spec_tests.py --spec smart_punct.txt --program "/usr/bin/cmark --smart" ;;
    *) python3 spec_tests.py --spec "$1.txt" --program /usr/bin/cmark ;;
  esac
}
result() { cat; }
