# SPDX-License-Identifier: GPL-2.0
# Sourced by suites in the style of gnulib: each case is a shell script that makes a folder of its own and ends with 0, 77 (skipped) or
# 99 (could not be set up).

# gnulib_case SCRIPT VERSION PROGRAM...: runs it in WORK/tests, or WORK/GNULIB_FOLDER, by sh, or GNULIB_SHELL, for installed programs.
gnulib_case() {
  local script=$1 version=$2
  shift 2
  mkdir -p "$WORK/src"
  cd "$WORK/${GNULIB_FOLDER-tests}" || return 99
  unset LS_COLORS GREP_COLOR GREP_COLORS TERM GZIP POSIXLY_CORRECT BASH_ENV CDPATH
  local interpreter=("${GNULIB_SHELL-sh}")
  if head -n 1 "$script" | grep -q perl; then
    interpreter=(perl -w "-I$WORK/tests" -MCuSkip -MCoreutils "-MCuTmpdir qw($script)")
  fi
  env abs_top_builddir="$WORK" abs_top_srcdir="$WORK" abs_srcdir="$WORK/tests" srcdir=. top_srcdir=.. built_programs="$*" VERSION="$version" \
    PACKAGE_VERSION="$version" AWK=awk EGREP='grep -E' CC=false MAKE=make PERL=perl SHELL=/bin/sh PREFERABLY_POSIX_SHELL=/bin/sh \
    PACKAGE_BUGREPORT=bugs host_os=linux-gnu host_triplet=x86_64-pc-linux-gnu CONFIG_HEADER="$WORK/config.h" fail=0 \
    LOCALE_FR=none LOCALE_FR_UTF8=none TMPDIR="$WORK/tmp" REPLACE_GETCWD=0 VERBOSE=yes GREP_TEST_NAME="$script" \
    "${interpreter[@]}" "./$script" 9>&2
}

# gnulib_cases MAKEFILE: the names in TESTS.
gnulib_cases() {
  sed -nE '/^TESTS *\+?=/,/[^\\]$/p' "$1" | tr ' \t\\' '\n' | grep -vE '^(TESTS|\+?=|)$|\$'
}
