# SPDX-License-Identifier: GPL-2.0
# source: patchutils
# packages: patchutils perl
# copy: tests
cases() { (cd tests && ls -d */ | tr -d /); }
run_case() {
  mkdir -p src scripts
  for program in interdiff filterdiff rediff combinediff splitdiff editdiff recountdiff dehtmldiff unwrapdiff lsdiff grepdiff espdiff fixcvsdiff flipdiff; do
    ln -sf "/usr/bin/$program" "src/$program"; ln -sf "/usr/bin/$program" "scripts/$program"
  done
  top_srcdir=. top_builddir=. sh "tests/$1/run-test"
}
