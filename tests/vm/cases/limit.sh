# SPDX-License-Identifier: GPL-2.0
insmod /modules/dime.ko
limit
rmmod dime
