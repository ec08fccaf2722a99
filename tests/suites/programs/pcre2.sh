# SPDX-License-Identifier: GPL-2.0
# source: pcre2
# packages: pcre2-utils
# copy: testdata RunTest
# seconds: 200
cases() { seq 0 26; }
run_case() { ln -sf /usr/bin/pcre2test pcre2test && srcdir=. sh ./RunTest -8 "$1"; }
# Debian builds it with another limit than the expected output has.
result() { grep -vE '^(PCRE2 C library|Copyright|[A-Z ]*PCRE2 library)' | md5sum; }
