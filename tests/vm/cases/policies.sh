# SPDX-License-Identifier: GPL-2.0
# Policies as modules: one that a third party built, live switches, refusal to unload one in use, several at a time.
# What ended is taken apart a moment later, in a work queue.
unload() {
	for try in 1 2 3 4 5 6 7 8 9 10; do
		! rmmod $1 2>/dev/null || return 0
		sleep 0.3
	done
	rmmod $1
}

insmod /modules/dime.ko
sleep 1000 &
one=$!
stress &
two=$!
insmod /modules/dime_nothing.ko
insmod /modules/dime_fifo.ko
insmod /modules/dime_random.ko
insmod /modules/dime_lru.ko
echo "instance_id=0 local_npages=40 latency_ns=1000 policy=nothing pid=$one" >/proc/dime_config
echo "instance_id=1 local_npages=40 latency_ns=1000 policy=random pid=$two" >/proc/dime_config
for module in dime_nothing dime_random dime; do
	! rmmod $module 2>/dev/null || { echo "$module was unloaded while in use"; exit 1; }
done
for policy in nothing lru fifo random nothing; do
	echo "instance_id=1 policy=$policy" >/proc/dime_config
	grep -q "^policy $policy\$" /proc/dime_stats
	sleep 0.5
done
unload dime_fifo
unload dime_lru
echo "instance_id=0 policy=fifo" >/proc/dime_config
kill -TERM $two
wait $two
# A tier that has a limit and names no policy has its instance's, from one to the next.
printf 'instance_id=1\ntier far: local=20p\n' >/proc/dime_rules
[ "$(cat /sys/module/dime_nothing/refcnt)" = 2 ] || { echo "the tier has not its instance's policy"; exit 1; }
echo "instance_id=1 policy=random" >/proc/dime_config
[ "$(cat /sys/module/dime_random/refcnt)" = 2 ] || { echo "the tier did not follow its instance's policy"; exit 1; }
echo "instance_id=1 remove=1" >/proc/dime_config
unload dime_nothing
kill -KILL $one
unload dime_random
unload dime
