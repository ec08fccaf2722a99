# SPDX-License-Identifier: GPL-2.0
# Loading, managing and unloading under load, over and over ($rounds times, 8 by default); the program verifies, names and places its memory all the while.
stress said &
one=$!
round=0
while [ $round -lt "${rounds:-8}" ]; do
	insmod /modules/dime.ko
	echo "instance_id=0 latency_ns=3000 local_npages=$((16 + round)) pid=$one" >/proc/dime_config
	usleep 60000
	rmmod dime
	round=$((round + 1))
done
kill -TERM $one
wait $one
