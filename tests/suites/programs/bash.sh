# SPDX-License-Identifier: GPL-2.0
# source: bash
# packages: bash gcc
# copy: tests
# seconds: 300
cases() { (cd tests && ls run-* | grep -vE 'run-(all|minimal|gprof|jobs)$'); }
# Helpers of the scripts; what they include is made by bash's own configure.
prepare() {
  mkdir -p prepared
  : >prepared/config.h
  echo '#include <string.h>' >prepared/bashansi.h
  for program in recho zecho printenv xcase; do
    gcc -w -O1 -DHAVE_UNISTD_H -DHAVE_STDLIB_H -Iprepared -o "tests/$program" "support/$program.c" || return
  done
}
run_case() {
  cd "$WORK/tests" || return 99
  PATH=$WORK/tests:$PATH THIS_SH=/bin/bash BASH_TSTOUT=$WORK/tmp/$1.out BUILD_DIR=/nowhere SUFFIX=suite TMPDIR=$WORK/tmp sh "./$1"
}
# What differs from what is expected, but for numbers of processes and jobs.
result() { grep -E '^[<>]' | sed -E 's/[0-9]+/N/g' | md5sum; }
