# SPDX-License-Identifier: GPL-2.0
echo never >/sys/kernel/mm/transparent_hugepage/enabled
insmod /modules/dime.ko
case $(uname -r) in
6.12*) most=1750 ;;
*) most=1800 ;;
esac
cost 60 $most
rmmod dime
