# SPDX-License-Identifier: GPL-2.0
# source: libxml2
# packages: libxml2 libxml2-dev gcc
# copy: test result
# seconds: 300
cases() { echo runtest testrecurse testchar; }
prepare() {
  echo "#define HAVE_PTHREAD_H 1" >test/config.h
  for program in runtest testrecurse testchar; do gcc -w -O1 -I. -Itest -I/usr/include/libxml2 -o "test/$program" "$program.c" -lxml2 -lpthread || return; done
}
run_case() { "test/$1"; }
