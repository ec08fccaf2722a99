/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How long a fault takes outside of the wrapper: the exception, the way to the hook, and the way back to the program.
 *
 * The module measures it itself. Now and then a fault of a remote page is sent back with nothing done: the processor
 * repeats the instruction and faults again at once, so the time from leaving the wrapper to entering it again is
 * exactly that way, on this machine, with its mitigations, and with no instruction of the program in it. The stall of such a
 * fault counts from its first entry, so that it is as long as any other. What leaving takes behind the end of the wait
 * (the tail) is measured in the same faults.
 */
#ifndef DK_LEAD_H
#define DK_LEAD_H

#include "shim.h"

struct dk_lead {
	u32 outside_ns;
	u32 tail_ns;
	u32 floor_ns; /* not used */
	u32 samples;
	u32 until_next; /* faults until the next sample */
};

extern struct dk_lead dk_lead;

/* Whether it is time for a sample. */
static __always_inline bool dk_lead_due(void)
{
	if (likely(dk_lead.until_next)) {
		dk_lead.until_next--;
		return false;
	}
	return true;
}

/* True if this fault on a closed page, where one is due, is to be sent back. @entered: when it entered the wrapper. */
bool dk_lead_bounce(struct dk_space *space, unsigned long address, u64 entered);
/* When the fault entered for the first time: @entered, or earlier if it was sent back. Takes the sample. */
u64 dk_lead_return(struct dk_space *space, unsigned long address, u64 entered);
/* A measured tail, from the end of the wait to the end of the wrapper. */
void dk_lead_tail(u64 ns);

static inline u64 dk_lead_ns(void)
{
	return READ_ONCE(dk_lead.outside_ns) + READ_ONCE(dk_lead.tail_ns);
}

#endif
