// SPDX-License-Identifier: GPL-2.0
/*
 * Which clock to use is decided once, when the module is loaded. The counter starts at one second, so that no time is 0.
 */
#include "clock.h"

struct dk_clock dk_clock;

void dk_clock_init(void)
{
	if (tsc_khz && !check_tsc_unstable()) {
		dk_clock.multiplier = div64_u64((u64)NSEC_PER_MSEC << 32, tsc_khz);
		dk_clock.base = rdtsc_ordered() - (u64)tsc_khz * MSEC_PER_SEC;
	} else {
		dk_clock.multiplier = 0;
		dk_clock.base = ktime_get_mono_fast_ns() - NSEC_PER_SEC;
	}
}
