# SPDX-License-Identifier: GPL-2.0
# Two NUMA nodes and the kernel's own balancing, which makes pages inaccessible as this module does: counts stay exact, contents intact.
[ -d /sys/devices/system/node/node1 ]
echo 1 >/proc/sys/kernel/numa_balancing
mount -t debugfs debug /sys/kernel/debug
for setting in scan_delay_ms:0 scan_period_min_ms:10 scan_period_max_ms:20; do
	echo ${setting#*:} >/sys/kernel/debug/sched/numa_balancing/${setting%:*}
done
insmod /modules/dime.ko
stress &
one=$!
echo "instance_id=0 latency_ns=1000 bandwidth_bps=0 local_npages=100 pid=$one" >/proc/dime_config
sleep 6
kill -STOP $one
sleep 0.2
# The kernel opens remote pages that it migrates; they are closed again a moment later.
sound() {
	for try in 1 2 3 4 5 6 7 8 9 10; do
		! grep -q '^audit_remote_open 0$' /proc/dime_stats || return 0
		sleep 0.2
	done
	return 1
}
sound || audit=failed
grep -E "^(faults|audit|local_p|managed_p|reclosed|late|forced)" /proc/dime_stats | sed 's/^/result numa /' | tr '\n' ' '
grep -E '^numa_(pte_updates|hint_faults|pages_migrated) ' /proc/vmstat | sed 's/^/result numa /'
# Local pages may be inaccessible for the kernel's own reasons here; remote ones must be.
[ -z "$audit" ]
# A process that has just dropped pages has fewer than the limit.
[ "$(sed -n 's/^local_pages //p' /proc/dime_stats)" -le 100 ]
[ "$(sed -n 's/^local_peak //p' /proc/dime_stats)" -le 100 ]
grep -q '^forced 0$' /proc/dime_stats
[ "$(sed -n 's/^numa_hint_faults //p' /proc/vmstat)" -gt 0 ]
kill -CONT $one
echo "instance_id=0 remove=1" >/proc/dime_config
sleep 1
kill -TERM $one
wait $one
rmmod dime
