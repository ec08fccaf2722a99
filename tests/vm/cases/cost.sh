# SPDX-License-Identifier: GPL-2.0
echo never >/sys/kernel/mm/transparent_hugepage/enabled
insmod /modules/dime.ko
# As `dime module load` does: the registered copy may not be slower than what is built in.
insmod /modules/dime_fifo.ko
case $(uname -r) in
6.12*) most=1750 ;;
*) most=1800 ;;
esac
cost 60 $most
rmmod dime_fifo
rmmod dime
