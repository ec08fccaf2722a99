// SPDX-License-Identifier: GPL-2.0
/*
 * Which clock to use is decided once, when the module is loaded. The rate of the counter is measured against the
 * kernel's clock, because tsc_khz may be a first estimate (off by 1 % was seen). The clock starts at one second, so
 * that no time is 0.
 */
#include <linux/delay.h>
#include <linux/irqflags.h>

#include "clock.h"

#define DK_MEASURE_US 20000

struct dk_clock dk_clock;

static void dk_read_both(u64 *ns, u64 *ticks)
{
	unsigned long flags;

	local_irq_save(flags);
	*ns = ktime_get_mono_fast_ns();
	*ticks = rdtsc_ordered();
	local_irq_restore(flags);
}

void dk_clock_init(void)
{
	u64 ns, ticks, ns_end, ticks_end;

	dk_clock.base = ktime_get_mono_fast_ns() - NSEC_PER_SEC;
	if (check_tsc_unstable())
		return;
	dk_read_both(&ns, &ticks);
	usleep_range(DK_MEASURE_US, 2 * DK_MEASURE_US);
	dk_read_both(&ns_end, &ticks_end);
	if (ticks_end <= ticks)
		return;
	dk_clock.multiplier = div64_u64((ns_end - ns) << 32, ticks_end - ticks);
	dk_clock.base = ticks_end - div64_u64((u64)NSEC_PER_SEC << 32, dk_clock.multiplier);
}
