# SPDX-License-Identifier: GPL-2.0
# This is a machine where faults and signals cost many times as much as on any real one: what is tried behind it is tried there.
dime calibrate --json >/tmp/machine
cat /tmp/machine
floor=$(sed -n 's/^ *"floor_ns": *\([0-9]*\).*/\1/p' /tmp/machine)
[ "$floor" -gt 20000 ] || { echo "FAIL a floor of $floor ns is none of a slow machine: the guest is no test"; exit 1; }
