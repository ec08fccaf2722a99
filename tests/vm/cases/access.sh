# SPDX-License-Identifier: GPL-2.0
# Who may configure the module and look at what it shows: root of a container, who has no CAP_SYS_ADMIN, may not.
insmod /modules/dime.ko
echo "instance_id=0 latency_ns=1000 local_npages=50" >/proc/dime_config
cat /proc/dime_config >/tmp/before

! /guest/without_admin sh -c 'echo "instance_id=0 remove=1" >/proc/dime_config' 2>/dev/null
! /guest/without_admin sh -c 'echo "instance_id=0" >/proc/dime_rules' 2>/dev/null
cmp /proc/dime_config /tmp/before
# A descriptor that was opened by somebody who may is no right to write.
! /guest/without_admin sh -c 'echo "instance_id=0 remove=1" >&3' 3>/proc/dime_config 2>/dev/null
cmp /proc/dime_config /tmp/before

# The audit walks the page tables of all members, and rules show addresses.
grep -q '^audit_stale' /proc/dime_stats
/guest/without_admin grep -q '^latency_ns 1000' /proc/dime_stats
! /guest/without_admin grep -q '^audit_' /proc/dime_stats
[ "$(stat -c %a /proc/dime_rules)" = 600 ]

# Each instance is kernel memory.
id=1
while [ $id -lt 256 ]; do
	echo "instance_id=$id" >/proc/dime_config
	id=$((id + 1))
done
! echo "instance_id=256" 2>/dev/null >/proc/dime_config
echo "instance_id=7 remove=1" >/proc/dime_config
echo "instance_id=7 latency_ns=5" >/proc/dime_config
rmmod dime
