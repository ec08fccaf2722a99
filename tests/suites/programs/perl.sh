# SPDX-License-Identifier: GPL-2.0
# source: perl
# packages: perl
# copy: t
cases() { (cd t && ls {base,cmd,comp,io,mro,op,opbasic,re,uni}/*.t); }
# The tests' own library is the installed one.
run_case() {
  if [ ! -e lib ]; then
    mkdir -p lib.new && for folder in $(perl -e 'print join " ", grep { -d } reverse @INC'); do cp -rsf "$folder/." lib.new 2>/dev/null; done
    mv -T lib.new lib 2>/dev/null || rm -rf lib.new
  fi
  cd "$WORK/t" && ln -sf /usr/bin/perl perl && ./perl -I../lib "$1"
}
result() { grep -aE '^not ok' | cut -c1-80; :; }
