# SPDX-License-Identifier: GPL-2.0
# source: mawk
# packages: mawk
# copy: test examples
# check: *
cases() { echo mawktest fpe_test; }
run_case() {
  cd "$WORK/test" || return 99
  ln -sf /usr/bin/mawk ../mawk
  PATH=$WORK:$PATH sh "./$1"
}
result() { grep -cE ' OK$'; :; }
