# SPDX-License-Identifier: GPL-2.0
# source: memcached
# packages: memcached perl gcc
# copy: t
cases() { (cd t && ls *.t | grep -vE '^(ssl_|00-startup|whitespace|sasl|binary-sasl|proxy|restart|slabs-reassign|slabs_reassign|strtol)'); }
prepare() { gcc -w -O1 -o t/timedrun timedrun.c; }
run_case() {
  ln -sf /usr/bin/memcached memcached
  ln -sf /usr/bin/memcached memcached-debug
  ln -sf t/timedrun timedrun
  perl -It/lib "t/$1"
}
result() { grep -aE '^(not )?ok [0-9]+' | cut -c1-60 | grep -aE '^not ok' ; :; }
