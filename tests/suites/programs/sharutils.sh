# SPDX-License-Identifier: GPL-2.0
# source: sharutils
# packages: sharutils
# copy: tests
cases() { (cd tests && ls shar-? uudecode-2 uutest-1); }
run_case() {
  mkdir -p src
  for program in shar unshar uuencode uudecode; do ln -sf "/usr/bin/$program" "src/$program"; done
  cd "$WORK/tests" && PACKAGE_STRING="$(shar --version | sed -nE '1s/^[^ ]* \((.*)\) (.*)$/\1 \2/p')" top_srcdir=.. srcdir=. sh "./$1"
}
