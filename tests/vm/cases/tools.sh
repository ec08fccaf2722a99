# SPDX-License-Identifier: GPL-2.0
# tools/insert_module.sh with the template, and its refusals.
insmod /modules/dime.ko
sleep 1000 &
one=$!
sh /tools/insert_module.sh -h | grep -q '^Usage : '
sh /tools/insert_module.sh -p $one -c /tools/config_template.conf
grep -q "          0       2000    1000000000       100000                0 $one,\$" /proc/dime_config
! sh /tools/insert_module.sh -p $one 2>/dev/null
! sh /tools/insert_module.sh -p $one -c /nowhere 2>/dev/null
! sh /tools/insert_module.sh --pids 999999 --config /tools/config_template.conf 2>/dev/null
kill -KILL $one
rmmod dime
