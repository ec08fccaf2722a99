# SPDX-License-Identifier: GPL-2.0
# source: redis
# packages: redis-server redis-tools tcl8.6
# copy: tests runtest
# seconds: 300
cases() { sed -nE '/^set ::all_tests \{/,/^\}/p' tests/test_helper.tcl | grep -oE '[a-z]+[a-z0-9/-]+' | grep / | grep -vE '^integration/(aof|rdb|convert|corrupt|redis-cli|redis-bench|psync|block-repl|repl.*|failover|shutdown|dismiss|logging)|oom-score|cluster|moduleapi'; }
run_case() {
  mkdir -p src tests/tmp
  for program in redis-server redis-cli redis-benchmark redis-check-aof redis-check-rdb redis-sentinel; do ln -sf "/usr/bin/$program" "src/$program"; done
  cp redis.conf src 2>/dev/null
  TCLSH=tclsh8.6
  "$TCLSH" tests/test_helper.tcl --single "$1" --clients 1 --timeout 1000 --skipunit none --baseport $((20000 + RANDOM % 8000)) --portcount 200
}
result() { sed -E 's/\x1b\[[0-9;]*m//g' | sed -nE 's/^\[(ok|err|skip|ignore)\]: ([^(]*).*/\1 \2/p' | sort; }
