# SPDX-License-Identifier: GPL-2.0
# Four threads do everything to their memory, in an instance that changes under them; then the same while they name and place it, and rules change.
insmod /modules/dime.ko
insmod /modules/dime_random.ko
insmod /modules/dime_lru.ko
echo 1 >/sys/kernel/mm/ksm/run
. /functions
empty() {
	for try in 1 2 3 4 5; do
		! grep -qE '^(local|managed)_pages [^0]' /proc/dime_stats || { sleep 0.2; continue; }
		return 0
	done
	cat /proc/dime_stats
	return 1
}
stress &
one=$!
echo "instance_id=0 latency_ns=2000 bandwidth_bps=100000000000 local_npages=200 pid=$one" >/proc/dime_config
for change in local_npages=20 local_npages=400 policy=random local_npages=5 policy=lru local_npages=100 policy=fifo; do
	sleep 0.7
	echo "instance_id=0 $change" >/proc/dime_config
	audit_stopped $one
done
kill -TERM $one
wait $one
empty
stress said &
one=$!
echo "instance_id=0 local_npages=200 pid=$one" >/proc/dime_config
for rules in "tier far: local=30p
place name=some: far" "tier near: latency=3us
tier far: local=10p
place name=some: near
place name=other: far" "place name=s*: local" "tier far: local=50%
place anon: far"; do
	sleep 0.7
	echo "instance_id=0
$rules" >/proc/dime_rules
	audit_stopped $one
done
kill -TERM $one
wait $one
grep -E "^(faults|evictions|late|forced|reclosed|not_followed|audit|local|managed)" /proc/dime_stats | sed 's/^/result /' | tr '\n' ' '
echo
empty
rmmod dime_lru dime_random dime
