# SPDX-License-Identifier: GPL-2.0
# The user engine on a kernel that cannot move pages: it says so, takes the mechanism copy by itself, and the program's output is
# what it is natively.
dime doctor || { echo "FAIL doctor"; exit 1; }
refuse() {
	status=0
	"$@" >/tmp/out 2>/tmp/err || status=$?
	[ $status = 125 ] && [ "$(grep -c error: /tmp/err)" = 1 ] && grep -q "copy" /tmp/err || { cat /tmp/out /tmp/err; echo "FAIL $*: status $status"; exit 1; }
}
refuse dime run --mechanism move -- true
refuse dime run --fault-path thread -- true
seq 60000 | sed 's/$/ 7919 * p/' | awk '{ print ($1 * 7919) % 60013 }' >/tmp/numbers
/programs/sort -n --parallel=2 -S 4M /tmp/numbers >/tmp/native
dime run --engine user --allow-floor --latency 20us --local 25% --json /tmp/result -- /programs/sort -n --parallel=2 -S 4M /tmp/numbers >/tmp/sorted 2>/tmp/err ||
	{ cat /tmp/err; echo "FAIL sort"; exit 1; }
cat /tmp/err
cmp /tmp/native /tmp/sorted
grep -q '"mechanism": "copy"' /tmp/result
remote=$(sed -n 's/^ *"remote": *\([0-9]*\).*/\1/p' /tmp/result | head -n 1)
[ "$remote" -gt 100 ] || { echo "FAIL $remote remote accesses"; exit 1; }
dime run --allow-floor --local 200p -- /programs/verify_pages 2 300 2 >/tmp/pages 2>/tmp/err || { cat /tmp/err /tmp/pages; echo "FAIL verify_pages"; exit 1; }
cat /tmp/err
dime run --allow-floor --local 100p -- /programs/mapping_torture 300 1 >/tmp/torture 2>/tmp/err || { cat /tmp/err /tmp/torture; echo "FAIL mapping_torture"; exit 1; }
cat /tmp/err
