# SPDX-License-Identifier: GPL-2.0
# source: jq
# packages: jq
# copy: tests
# check: utf8test base64test
# seconds: 1500
cases() { echo jqtest shtest utf8test base64test onigtest mantest optionaltest; }
# The scripts run a program beside the folder of tests.
run_case() {
  ln -sf /usr/bin/jq jq
  NO_VALGRIND=1 sh "tests/$1"
}
result() { sed -n '$p'; }
