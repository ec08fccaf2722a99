# SPDX-License-Identifier: GPL-2.0
echo never >/sys/kernel/mm/transparent_hugepage/enabled
insmod /modules/dime.ko
cost 60 1950
rmmod dime
