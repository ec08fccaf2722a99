/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The clock of the module: nanoseconds since it was loaded, from the time-stamp counter where the
 * kernel itself trusts it (a quarter of the instructions of ktime_get_mono_fast_ns(), and a remote
 * access reads it three times).
 */
#ifndef DK_CLOCK_H
#define DK_CLOCK_H

#include <asm/tsc.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/timekeeping.h>

struct dk_clock {
  u64 base;
  u64 multiplier; /* ns per tick, times 2^32; 0 = use the kernel's clock */
};

extern struct dk_clock dk_clock;

static __always_inline u64 dk_now(void) {
  if (likely(dk_clock.multiplier)) {
    return mul_u64_u64_shr(rdtsc_ordered() - dk_clock.base, dk_clock.multiplier, 32);
  }
  return ktime_get_mono_fast_ns() - dk_clock.base;
}

void dk_clock_init(void);

#endif
