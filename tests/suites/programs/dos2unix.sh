# SPDX-License-Identifier: GPL-2.0
# source: dos2unix
# packages: dos2unix perl
# copy: test
cases() { (cd test && ls *.t); }
run_case() { export D2U_UTF8_LOCALE=C.UTF-8; ln -sf /usr/bin/dos2unix dos2unix; ln -sf /usr/bin/unix2dos unix2dos; ln -sf /usr/bin/dos2unix mac2unix; ln -sf /usr/bin/unix2dos unix2mac; cd "$WORK/test" && perl "$1"; }
result() { grep -aE "^(not )?ok"; :; }
