# SPDX-License-Identifier: GPL-2.0
# The user engine on a machine where faults and signals cost many times as much as on any real one: quickstart's sort finds a
# latency that can be had, sorts as much as fits into its time, and its stalls are not shorter than asked.
PATH=/programs:$PATH
ln -sf /proc/self/fd /dev/fd
mkdir -p /quick
cp /files/quickstart /quick/quickstart
ln -s /dime /quick/build
dime calibrate --json >/tmp/machine
cat /tmp/machine
floor=$(sed -n 's/^ *"floor_ns": *\([0-9]*\).*/\1/p' /tmp/machine)
[ "$floor" -gt 20000 ] || { echo "FAIL a floor of $floor ns is none of a slow machine: the guest is no test"; exit 1; }
DIME_QUICKSTART_SECONDS=5 bash /quick/quickstart --sort-only >/tmp/out 2>/tmp/err || { cat /tmp/out /tmp/err; echo "FAIL quickstart"; exit 1; }
cat /tmp/out /tmp/err
grep -q '^latency: [0-9]*us, because a remote access takes at least' /tmp/out
grep -q 'times as long, with the same output' /tmp/out
# "stall      target 151 us: p50 152 us, ..": half of the stalls are as long as asked, or longer.
sed -n 's/.*stall  *target \([0-9.]*\) \([mu]*s\): p50 \([0-9.]*\) \([mu]*s\),.*/\1 \2 \3 \4/p' /tmp/err | tail -n 1 >/tmp/stall
awk '{ target = $1 * ($2 == "ms" ? 1000 : 1); p50 = $3 * ($4 == "ms" ? 1000 : 1); exit !(target > 20 && p50 >= target * 0.98) }' /tmp/stall ||
	{ echo "FAIL stalls: $(cat /tmp/stall)"; exit 1; }
