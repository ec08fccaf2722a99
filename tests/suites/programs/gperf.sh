# SPDX-License-Identifier: GPL-2.0
# source: gperf
# packages: gperf gcc make
# copy: tests
cases() { echo c ada modula3 pascal lang-utf8 lang-ucs2 smtp test; }
prepare() { sed -E 's/@CC@/gcc/; s,^GPERF .*,GPERF = ../src/gperf,; s/@SET_MAKE@//; s/^(srcdir|VPATH) .*/\1 = ./; s/@OBJEXT@/o/g; s/@[A-Za-z_]+@//g' tests/Makefile.in >tests/Makefile; }
run_case() { mkdir -p src; ln -sf /usr/bin/gperf src/gperf; cd "$WORK/tests" && make -s "check-$1"; }
