# SPDX-License-Identifier: GPL-2.0
# The dime command with the kernel engine: real programs, every command, every refusal.
fail() {
	echo "FAIL $*"
	[ ! -s /tmp/err ] || cat /tmp/err
	dime status || true
	exit 1
}

# refuse STATUS WORD COMMAND...: one line with an error that has WORD in it, and nothing is left behind.
refuse() {
	want=$1 word=$2
	shift 2
	got=0
	"$@" >/tmp/out 2>/tmp/err || got=$?
	[ "$got" = "$want" ] || fail "$*: status $got, not $want"
	[ "$(grep -c '^dime: error: ' /tmp/err)" = 1 ] && grep -q -- "$word" /tmp/err || fail "$*: does not say $word"
	dime status --engine kernel >/tmp/out
	[ "$(cat /tmp/out)" = "no instances" ] || fail "$* left an instance"
}

none() {
	dime config >/tmp/out
	[ "$(wc -l </tmp/out)" = 1 ] || fail "$1: an instance is left"
}

# Without the module.
got=0
dime run --engine kernel -- true 2>/tmp/err || got=$?
[ $got = 125 ] && grep -q 'not loaded' /tmp/err || fail "run without the module: $got"
dime status >/tmp/out
insmod /modules/dime.ko
insmod /modules/dime_lru.ko
dime doctor >/tmp/doctor || fail "doctor: $(cat /tmp/doctor)"
grep -q '^kernel engine  *available' /tmp/doctor || fail "doctor: $(cat /tmp/doctor)"
dime policies >/tmp/out
grep -q '^fifo ' /tmp/out && grep -q '^lru ' /tmp/out || fail "policies: $(cat /tmp/out)"

# A dynamic and a static program, the same output as natively. auto is the kernel engine.
seq 1 60000 | shuf >/tmp/big
sort -n /tmp/big >/tmp/native
for local in 25% 100p; do
	/programs/sort -n /tmp/big >/tmp/native.2
	dime run --local $local --latency 2us --allow-floor --json /tmp/result.json -- /programs/sort -n /tmp/big >/tmp/emulated 2>/tmp/err ||
		fail "run sort"
	cmp /tmp/native.2 /tmp/emulated || fail "sort wrote something else"
	grep -q '"engine": "kernel"' /tmp/result.json || fail "auto did not choose the kernel engine"
	remote=$(sed -n 's/^ *"remote": \([0-9]*\).*/\1/p' /tmp/result.json | head -n 1)
	[ "$remote" -gt 100 ] || fail "only $remote remote accesses"
	dime run --engine kernel --policy lru --local $local --latency 2us --allow-floor -- busybox sort -n /tmp/big >/tmp/emulated 2>/tmp/err ||
		fail "run busybox sort"
	cmp /tmp/native /tmp/emulated || fail "busybox sort wrote something else"
	none sort
done
grep '^dime: ' /tmp/err
if [ -x /programs/sqlite3 ]; then
	query="CREATE TABLE t (i INTEGER PRIMARY KEY, s TEXT);
		WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 20000) INSERT INTO t SELECT i, hex(i * 7919) FROM n;
		SELECT count(DISTINCT s), sum(length(s)) FROM t; PRAGMA integrity_check;"
	sqlite3 :memory: "$query" >/tmp/native
	dime run --local 150p --latency 2us --allow-floor --json /tmp/sqlite.json -- sqlite3 :memory: "$query" >/tmp/emulated 2>/tmp/err || fail "run sqlite3"
	cmp /tmp/native /tmp/emulated || fail "sqlite3 wrote something else"
fi

# The result has the same keys as the user engine's, where that can run.
keys() {
	sed -n 's/^ *"\([a-z_0-9]*\)":.*/\1/p' $1 | sort | uniq
}
if grep -q '^emulation  *available' /tmp/doctor; then
	dime run --engine user --local 25% --latency 2us --allow-floor --json /tmp/user.json -- /programs/sort -n /tmp/big 2>/tmp/err >/tmp/emulated ||
		fail "run with the user engine"
	keys /tmp/user.json >/tmp/user.keys
	keys /tmp/result.json >/tmp/kernel.keys
	cmp /tmp/user.keys /tmp/kernel.keys || fail "other keys: $(cat /tmp/user.keys) instead of $(cat /tmp/kernel.keys)"
fi

# Tiers and rules: the same options, and each tier by name in the result.
dime run --engine kernel --local 100p --latency 2us --allow-floor --tier 'near: latency=20us,bandwidth=unlimited' --place 'anon: near' --place 'stack: local' \
	--json /tmp/tiers.json -- /programs/sort -n /tmp/big >/tmp/emulated 2>/tmp/err || fail "run with tiers"
cmp /tmp/native.2 /tmp/emulated || fail "sort under tiers wrote something else"
grep -A40 '"name": "near"' /tmp/tiers.json >/tmp/near || fail "no tier near: $(cat /tmp/tiers.json)"
grep -q '"target": 20000' /tmp/near || fail "near has another target: $(cat /tmp/near)"
remote=$(sed -n 's/^ *"remote": \([0-9]*\).*/\1/p' /tmp/near | head -n 1)
[ "$remote" -gt 100 ] || fail "only $remote remote accesses of near"
grep -q 'near' /tmp/err || fail "the summary does not name near: $(cat /tmp/err)"
none tiers
refuse 125 nowhere dime run --engine kernel --place 'heap: nowhere' -- true
refuse 125 floor dime run --engine kernel --latency 50us --tier 'near: latency=1ns,bandwidth=unlimited' -- true

# Exit statuses, children, and the process list.
got=0
dime run --local 100p --allow-floor --json - -- sh -c 'sh -c "exit 3"; exit 7' >/tmp/result.json 2>/tmp/err || got=$?
[ $got = 7 ] || fail "exit status $got, not 7"
[ "$(grep -c '"comm": "sh"' /tmp/result.json)" = 2 ] || fail "processes: $(cat /tmp/result.json)"
got=0
dime run --local 100p --allow-floor -- sh -c 'kill -TERM $$' 2>/tmp/err || got=$?
[ $got = 143 ] || fail "exit status $got, not 143"
refuse 127 no-such-program dime run --engine kernel -- no-such-program
refuse 126 /tmp dime run --engine kernel -- /tmp
refuse 125 inline dime run --engine kernel --fault-path inline -- true
refuse 1 'next free' dime config --engine kernel instance_id=5
dime run --engine kernel --instance 5 --allow-floor -- true 2>/tmp/err || fail "--instance 5: $(cat /tmp/err)"
refuse 125 none-such dime run --engine kernel --policy none-such --allow-floor -- true
refuse 125 floor dime run --engine kernel --latency 1ns --bandwidth unlimited -- true
refuse 1 latency_ns dime config --engine kernel instance_id=0 latency_ns=5us
refuse 1 'no instance' dime detach -p 1 --engine kernel
refuse 2 'kernel thread' dime attach -p 2
refuse 2 99999 dime attach -p 99999
refuse 1 'no such policy' dime config instance_id=0 policy=none-such

# attach, status, config, detach.
stress >/tmp/out.stress &
one=$!
sleep 1000 &
two=$!
dime attach -p $one,$two --local 300p --latency 3us --allow-floor 2>/tmp/err || fail attach
dime set --tier 'far: latency=40us' --place 'anon: far' --latency 3us --allow-floor 2>/tmp/err || fail "set"
grep -q '^place anon: far' /proc/dime_rules || fail "rules: $(cat /proc/dime_rules)"
dime set --instance 0 --tier 'far: latency=50us' 2>/tmp/err || fail "set of a tier"
grep -q '^tier far: latency=50000ns' /proc/dime_rules && grep -q '^place anon: far' /proc/dime_rules || fail "rules: $(cat /proc/dime_rules)"
dime status --json >/tmp/status.json
grep -q '"engine": "kernel"' /tmp/status.json || fail "status: $(cat /tmp/status.json)"
[ "$(grep -c "\"pid\": \($one\|$two\),\$" /tmp/status.json)" = 2 ] || fail "status: $(cat /tmp/status.json)"
dime status
dime config 'instance_id=0 local_npages=100'
dime config | grep -Eq "^ +0 +3000 +40000000000 +100 +[0-9]+ $one,([0-9]+,)*$two," || fail "config: $(dime config)"
got=0
dime attach -p $two --allow-floor 2>/tmp/err || got=$?
[ $got = 2 ] && grep -q 'member of instance 0' /tmp/err || fail "attach of a member: $got"
dime detach -p $two
dime detach -p $one
# Children that it forked before are members until they end.
for try in $(seq 100); do
	[ "$(dime config | wc -l)" != 1 ] || break
	sleep 0.1
done
none detach
# The instance goes with its last member.
dime attach -p $two --local 300p --latency 3us --allow-floor 2>/tmp/err || fail attach
kill -KILL $two
sleep 0.3
none "the last member's end"
kill -TERM $one
wait $one

# A dime that is killed leaves the program running; the instance goes with the program.
dime run --local 100p --latency 2us --allow-floor -- sh -c 'echo $$ >/tmp/pid; sleep 2; echo done >/tmp/done' 2>/tmp/err &
killed=$!
while [ ! -s /tmp/pid ]; do sleep 0.1; done
kill -KILL $killed
dime config | grep -q " $(cat /tmp/pid)," || fail "the member left with dime"
while [ ! -s /tmp/done ]; do sleep 0.2; done
sleep 0.3
none "a killed dime"
rmmod dime_lru dime
