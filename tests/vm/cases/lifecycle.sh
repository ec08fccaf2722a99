# SPDX-License-Identifier: GPL-2.0
# Members come and go: an address space that changes, fork and exec, kill -9, attach and detach.
insmod /modules/dime.ko
lifecycle
grep -q '^local_pages 0$' /proc/dime_stats
grep -q '^managed_pages 0$' /proc/dime_stats
echo "instance_id=0 remove=1" >/proc/dime_config
spawn

members() {
	sed -n "$1s/.* //p" /proc/dime_config | tr -cd , | wc -c
}

# A child and a new program are followed; with follow_children=0 they are not.
mkfifo /tmp/go
for follow in 1 0; do
	sh -c 'read line </tmp/go; sleep 1000 & exec sleep 1001' &
	echo "instance_id=0 local_npages=50 follow_children=$follow pid=$!" >/proc/dime_config
	echo go >/tmp/go
	sleep 0.5
	[ "$(members 2)" = $((1 + follow)) ] || { cat /proc/dime_config; ps; exit 1; }
	killall -KILL sleep
	sleep 0.5
	[ "$(members 2)" = 0 ]
	grep -q '^managed_pages 0$' /proc/dime_stats
done
echo "instance_id=0 follow_children=1" >/proc/dime_config

# Two instances in one go; kill -9 in the middle of everything; leaving brings every page home.
stress >/dev/null &
one=$!
stress &
two=$!
echo "instance_id=0 latency_ns=1000 local_npages=60 pid=$one" >/proc/dime_config
echo "instance_id=1 latency_ns=9000 local_npages=30 pid=$two" >/proc/dime_config
sleep 2
kill -KILL $one
sleep 0.5
[ "$(members 2)" = 0 ]
echo "instance_id=1 pid=-$two" >/proc/dime_config
echo "instance_id=0 pid=$two" >/proc/dime_config
sleep 1
echo "instance_id=0 remove=1" >/proc/dime_config
sleep 1
kill -TERM $two
wait $two
rmmod dime
