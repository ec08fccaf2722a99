# SPDX-License-Identifier: GPL-2.0
# The manual's session, to the letter.
member() {
	echo $(($1 - 1)) >/proc/sys/kernel/ns_last_pid
	sleep 1000 &
	[ $! = "$1" ]
}
member 1234
member 5678
member 8765
member 4321
insmod /modules/dime.ko
echo "instance_id=0 latency_ns=1000 bandwidth_bps=1000000000 local_npages=2000 pid=1234,5678" > /proc/dime_config
echo "page_fault_count=0 instance_id=0" > /proc/dime_config
cat /proc/dime_config >/tmp/first
cat >/tmp/first.want <<'END'
instance_id latency_ns bandwidth_bps local_npages page_fault_count pid
          0       1000    1000000000         2000                0 1234,5678,
END
cmp /tmp/first /tmp/first.want || { cat /tmp/first; exit 1; }
echo "instance_id=1 latency_ns=500 bandwidth_bps=1000000000 local_npages=5000 pid=8765,4321" > /proc/dime_config
cat /proc/dime_config >/tmp/second
cat >/tmp/second.want <<'END'
instance_id latency_ns bandwidth_bps local_npages page_fault_count pid
          0       1000    1000000000         2000                0 1234,5678,
          1        500    1000000000         5000                0 8765,4321,
END
cmp /tmp/second /tmp/second.want || { cat /tmp/second; exit 1; }
kill -9 1234
sleep 1
grep -q '                0 5678,$' /proc/dime_config
kill -9 5678 8765 4321
rmmod dime
