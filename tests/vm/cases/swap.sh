# SPDX-License-Identifier: GPL-2.0
# Members under memory pressure: their control group is told again and again to give memory back, so pages are swapped out all the
# time. No limit on the group: the engine's own tables count in it, so a limit would have to know their size. Contents are verified
# by the program; page records and page tables agree.
insmod /modules/brd.ko rd_nr=1 rd_size=65536
mkswap /dev/ram0 >/dev/null
swapon /dev/ram0
mkdir /tmp/group
mount -t cgroup2 none /tmp/group
echo +memory >/tmp/group/cgroup.subtree_control
mkdir /tmp/group/members
insmod /modules/dime.ko
. /functions
stress &
one=$!
echo $one >/tmp/group/members/cgroup.procs
# It is an error (EAGAIN) where fewer can be given back.
while sleep 0.02; do echo 512K >/tmp/group/members/memory.reclaim || true; done 2>/dev/null &
pressure=$!
echo "instance_id=0 latency_ns=2000 local_npages=100 pid=$one" >/proc/dime_config
for local in 20 200 5 100; do
	sleep 1
	echo "instance_id=0 local_npages=$local" >/proc/dime_config
	audit_stopped $one
done
kill $pressure
kill -TERM $one
wait $one
grep -E '^(pswpin|pswpout) ' /proc/vmstat | sed 's/^/result swap /'
grep -E "^(faults|evictions|forced|reclosed|audit|local_peak)" /proc/dime_stats | sed 's/^/result swap /' | tr '\n' ' '
[ "$(sed -n 's/^pswpout //p' /proc/vmstat)" -gt 100 ]
grep -q '^forced 0$' /proc/dime_stats
rmmod dime
swapoff /dev/ram0
