# SPDX-License-Identifier: GPL-2.0
# The same trace of pages has the same remote accesses in the kernel engine, in the user engine (where the kernel has what it needs), and by
# the core's own model.
insmod /modules/dime.ko

# remote ENGINE PAGES LOCAL SEED COUNT
remote() {
	rm -f /tmp/command
	dime run --engine $1 --local ${3}p --latency 1us --allow-floor -- trace serve /tmp/command $2 2>/tmp/err &
	server=$!
	until [ -s /tmp/command ]; do sleep 0.2; done
	sleep 0.5
	# Everything that the program touched before has been evicted then, first in, first out.
	trace touch /tmp/command 0 $2
	trace touch /tmp/command 0 $2
	before=$(dime status --json --engine $1 | sed -n 's/^ *"remote": \([0-9]*\),$/\1/p' | head -n 1)
	trace touch /tmp/command $4 $5
	after=$(dime status --json --engine $1 | sed -n 's/^ *"remote": \([0-9]*\),$/\1/p' | head -n 1)
	kill -TERM $server
	wait $server || true
	echo $((after - before))
}

engines=kernel
if dime doctor | grep -q '^emulation  *available'; then
	engines="kernel user"
fi
for trace in "700 300 0 2100" "700 300 88172645463325252 5000" "900 64 12345 3000" "500 499 99 2000"; do
	expected=$(trace model $trace)
	for engine in $engines; do
		set -- $trace
		counted=$(remote $engine $1 $2 $3 $4)
		echo "result trace $trace: $engine $counted, model $expected"
		[ "$counted" = "$expected" ] || { cat /tmp/err; exit 1; }
	done
done
rmmod dime
