# SPDX-License-Identifier: GPL-2.0
# source: memcached
# packages: memcached perl gcc
# copy: t
# seconds: 900
cases() { (cd t && ls *.t | grep -vE '^(ssl_|00-startup|whitespace|sasl|binary-sasl|proxy|restart|slabs-reassign|slabs_reassign|strtol)'); }
prepare() { gcc -w -O1 -o t/timedrun timedrun.c; }
# Its debugging build knows one option more.
debug_program() {
  cat <<'END'
#!/bin/bash
words=()
while (($#)); do
  if [[ "$1 ${2-}" == "-o relaxed_privileges" ]]; then shift 2; else words+=("$1"); shift; fi
done
exec /usr/bin/memcached "${words[@]}"
END
}
run_case() {
  ln -sf /usr/bin/memcached memcached
  debug_program >memcached-debug
  chmod +x memcached-debug
  ln -sf t/timedrun timedrun
  perl -It/lib "t/$1"
}
result() { grep -aE '^(not )?ok [0-9]+' | cut -c1-60 | grep -aE '^not ok' ; :; }
