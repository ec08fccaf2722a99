# SPDX-License-Identifier: GPL-2.0
# source: gawk
# packages: gawk make
# copy: test
# check: a*
cases() { sed -nE '/^(BASIC|UNIX|GAWK_EXT|ARRAYDEBUG)_TESTS *=/,/[^\\]$/p' test/Makefile.am | tr ' \t\\' '\n' | grep -vE '^([A-Z_]+|=|)$'; }
prepare() {
  sed -E -i 's,^AWKPROG = .*,AWKPROG = /usr/bin/gawk,; s,@SET_MAKE@,,; s,^(srcdir|abs_srcdir|abs_builddir) = .*,\1 = .,; s,^(VPATH) = .*,,
    s,^SHELL = .*,SHELL = /bin/sh,; s,@[A-Za-z_]+@,,g' test/Makefile.in
  cp test/Makefile.in test/Makefile
}
# It passes if the Makefile leaves no _NAME.
run_case() {
  cd "$WORK/test" || return 99
  make -s -o Makefile "$1" srcdir="$PWD" abs_srcdir="$PWD"  abs_builddir="$PWD" && [ ! -e "_$1" ]
}
