# SPDX-License-Identifier: GPL-2.0
# What programs say by prctl: names, places, phases.
insmod /modules/dime.ko
calls
rmmod dime
