# SPDX-License-Identifier: GPL-2.0
# The example's file with three kinds of memory, one of them known by a name that this kernel refuses, and the same file once
# more while the program runs. Under -icount a stall is as long as asked.
fail() {
	echo "FAIL $*"
	cat /tmp/err /tmp/out /tmp/result.json
	exit 1
}

echo never >/sys/kernel/mm/transparent_hugepage/enabled
insmod /modules/dime.ko
mkfifo /tmp/in
dime run --engine kernel --config /files/tiers.toml --allow-floor --json /tmp/result.json -- three_tiers 20 </tmp/in >/tmp/out 2>/tmp/err &
run=$!
exec 3>/tmp/in
printf x >&3
while [ "$(wc -l </tmp/out)" -lt 1 ]; do
	kill -0 $run || fail "it ended early"
	sleep 0.1
done
dime set --config /files/tiers.toml --allow-floor || fail "set"
printf x >&3
exec 3>&-
wait $run || fail "exit status $?"
[ "$(wc -l </tmp/out)" = 2 ] || fail "lines"

# of TIER KEY: the number behind the first KEY of a tier in the result.
of() {
	sed -n "/\"name\": \"$1\"/,\$s/^ *\"$2\": \([0-9]*\),*\$/\1/p" /tmp/result.json | head -n 1
}

# judge TIER NS: the median stall is within 2 %.
judge() {
	got=$(of $1 p50)
	echo "result three_tiers $1: want $2, got $got"
	[ $((got * 100)) -ge $(($2 * 98)) ] && [ $((got * 100)) -le $(($2 * 102)) ] || fail "$1: $got ns instead of $2"
}

sed 's/^/result three_tiers /' /tmp/out
judge near 20000
judge far 60000
[ "$(of near remote)" -ge 12000 ] && [ "$(of far remote)" -ge 8000 ] || fail "remote accesses"
[ "$(of local remote)" = 0 ] || fail "remote accesses of what is always local"
[ "$(of local first_touch)" -ge 300 ] || fail "first touches of what is always local"
[ "$(grep -c '"matched": true' /tmp/result.json)" = 3 ] || fail "rules"
rmmod dime
