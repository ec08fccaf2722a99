# Four threads do everything to their memory, in an instance that changes under them; then the same with two instances.
insmod /modules/dime.ko
insmod /modules/dime_random.ko
insmod /modules/dime_lru.ko
echo 1 >/sys/kernel/mm/ksm/run
audit() {
	for key in audit_remote_open audit_local_closed; do
		! grep "^$key [^0]" /proc/dime_stats || { cat /proc/dime_stats; exit 1; }
	done
}
stress &
one=$!
echo "instance_id=0 latency_ns=2000 bandwidth_bps=100000000000 local_npages=200 pid=$one" >/proc/dime_config
for change in local_npages=20 local_npages=400 policy=random local_npages=5 policy=lru local_npages=100 policy=fifo; do
	sleep 0.7
	echo "instance_id=0 $change" >/proc/dime_config
	kill -STOP $one
	sleep 0.2
	audit
	kill -CONT $one
done
kill -TERM $one
wait $one
grep -E "^(faults|evictions|late|forced|reclosed|not_followed|audit|local|managed)" /proc/dime_stats | sed 's/^/result /' | tr '\n' ' '
echo
grep -q '^local_pages 0$' /proc/dime_stats
grep -q '^managed_pages 0$' /proc/dime_stats
rmmod dime_lru dime_random dime
