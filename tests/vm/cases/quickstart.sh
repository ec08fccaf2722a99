# SPDX-License-Identifier: GPL-2.0
# The sort of quickstart, on any kernel and machine: it finds a latency that can be had, sorts as much as fits into its time, and
# its stalls are not shorter than asked.
PATH=/programs:$PATH
ln -sf /proc/self/fd /dev/fd
mkdir -p /quick
cp /files/quickstart /quick/quickstart
ln -s /dime /quick/build
DIME_QUICKSTART_SECONDS=5 bash /quick/quickstart --sort-only >/tmp/out 2>/tmp/err || { cat /tmp/out /tmp/err; echo "FAIL quickstart"; exit 1; }
cat /tmp/out /tmp/err
grep -q '^latency: [0-9]*us, because a remote access takes at least' /tmp/out
grep -q 'times as long, with the same output' /tmp/out
# "stall      target 151 us: p50 152 us, ..": half of the stalls are as long as asked, or longer.
sed -n 's/.*stall  *target \([0-9.]*\) \([mu]*s\): p50 \([0-9.]*\) \([mu]*s\),.*/\1 \2 \3 \4/p' /tmp/err | tail -n 1 >/tmp/stall
awk '{ target = $1 * ($2 == "ms" ? 1000 : 1); p50 = $3 * ($4 == "ms" ? 1000 : 1); exit !(target > 10 && p50 >= target * 0.98) }' /tmp/stall ||
	{ echo "FAIL stalls: $(cat /tmp/stall)"; exit 1; }
