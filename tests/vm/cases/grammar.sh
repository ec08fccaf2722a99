# SPDX-License-Identifier: GPL-2.0
# Every refusal: an error, one line in the log that names key and reason, nothing changed.
insmod /modules/dime.ko
sleep 1000 &
one=$!
sleep 1000 &
two=$!
# Until they sleep: their faults would change the table.
sleep 1
echo "instance_id=0 latency_ns=1000 bandwidth_bps=0 local_npages=50 pid=$one" >/proc/dime_config
cat /proc/dime_config >/tmp/before

refuse() {
	dmesg -c >/dev/null
	if echo "$1" 2>/dev/null >/proc/dime_config; then
		echo "accepted: $1"
		exit 1
	fi
	lines=$(dmesg | grep -c 'dime: ') || true
	if [ "$lines" != 1 ] || ! dmesg | grep -q "dime: .*$2"; then
		echo "'$1' should say '$2' in one line, but says:"
		dmesg
		exit 1
	fi
	cmp -s /proc/dime_config /tmp/before || { echo "changed by: $1"; cat /proc/dime_config; exit 1; }
}

refuse "latency_ns=5" instance_id
refuse "instance_id=0 latency_ns=-1" latency_ns
refuse "instance_id=0 latency_ns=7 latency_ns=8" latency_ns
refuse "instance_id=0 latency_ns=5us" latency_ns
refuse "instance_id=0 colour=red" colour
refuse "instance_id=0 latency_ns" latency_ns
refuse "instance_id=0 latency_ns=77 local_npages=0" local_npages
refuse "instance_id=0 latency_ns=77 scope=all local_npages=3" local_npages
refuse "instance_id=0 latency_ns=99999999999999999999" latency_ns
refuse "instance_id=5 latency_ns=5" instance_id
refuse "instance_id=7 remove=1" instance_id
refuse "instance_id=0 latency_ns=77 pid=$one,999999" pid
refuse "instance_id=0 latency_ns=77 pid=2" pid
refuse "instance_id=0 latency_ns=77 pid=-$two" pid
refuse "instance_id=1 latency_ns=77 pid=$one" pid
refuse "instance_id=0 latency_ns=77 policy=nothing" policy
refuse "instance_id=0 remove=1 latency_ns=5" remove
refuse "instance_id=0 latency_ns=77 jitter=gauss,5us" jitter
refuse "instance_id=0 latency_ns=77 jitter=table:5:4" jitter
refuse "instance_id=0 latency_ns=77 fetch_times=4096:5,512:9" fetch_times
refuse "instance_id=0 latency_ns=77 schedule=9s:down;5s:up" schedule
refuse "instance_id=0 latency_ns=77 outage_max_ns=5s" outage_max_ns

for accepted in "jitter=lognormal,5us,corr=25% seed=7" "jitter=table:0:120:5000" "schedule=10s:latency=50us;20s:down;25s:up" \
	"fetch_times=4096:2900,16384:5700 outage_max_ns=1000 writeback_depth=0 link=backbone" \
	"jitter=none schedule=none fetch_times=none link=-"; do
	echo "instance_id=0 $accepted" >/proc/dime_config
done

echo "instance_id=0 pid=+$two" >/proc/dime_config
grep -q " $one,$two,\$" /proc/dime_config
echo "instance_id=0 pid=-$one" >/proc/dime_config
grep -q " $two,\$" /proc/dime_config
echo "instance_id=1 latency_ns=0 pid=$one" >/proc/dime_config
echo "instance_id=0 remove=1" >/proc/dime_config
[ "$(wc -l </proc/dime_config)" = 2 ]
echo "instance_id=0 local_npages=20 pid=$two" >/proc/dime_config
kill -9 $one $two
# What is left out is as in the user engine: half of the touched pages, of which there are none yet, 5 us and 40 Gbit/s.
echo "instance_id=7 keep=0" >/proc/dime_config
grep -q "^ *7 *5000 *40000000000 *32 *0 \$" /proc/dime_config || { cat /proc/dime_config; exit 1; }
grep -q "^local_share 5000\$" /proc/dime_stats
rmmod dime
