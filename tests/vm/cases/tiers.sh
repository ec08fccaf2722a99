# SPDX-License-Identifier: GPL-2.0
# Tiers and rules: placement by address, limits, live changes, refusals.
insmod /modules/dime.ko
tiers
cat /proc/dime_rules
rmmod dime
