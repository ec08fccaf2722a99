// SPDX-License-Identifier: GPL-2.0
/*
 * The averages are exponential ones over the samples; a sample more than twice the average was disturbed (an interrupt,
 * a preemption) and does not count. The fields are written without a lock: a lost sample does no harm.
 */
#include "clock.h"
#include "lead.h"

#define DK_FIRST_SAMPLES 32
#define DK_SAMPLE_EVERY 256
#define DK_WEIGHT 8
/* A fault that was sent back comes again at once, or not at all (a signal). */
#define DK_LONGEST_RETURN_NS (100 * NSEC_PER_USEC)

struct dk_lead dk_lead;

static u32 dk_average(u32 average, u64 sample)
{
	if (!average)
		return sample;
	if (sample < average / 2)
		return sample;
	if (sample > 2ull * average)
		return average;
	return (average * (DK_WEIGHT - 1) + (u32)sample + DK_WEIGHT / 2) / DK_WEIGHT;
}

bool dk_lead_bounce(struct dk_space *space, unsigned long address, u64 entered)
{
	if (READ_ONCE(space->bounced) && entered - space->bounced_left < DK_LONGEST_RETURN_NS)
		return false;
	dk_lead.until_next = dk_lead.samples < DK_FIRST_SAMPLES ? 0 : DK_SAMPLE_EVERY;
	space->bounced_address = address;
	space->bounced_entered = entered;
	WRITE_ONCE(space->bounced, current);
	space->bounced_left = dk_now();
	return true;
}

u64 dk_lead_return(struct dk_space *space, unsigned long address, u64 entered)
{
	u64 way = entered - space->bounced_left;
	u64 first = space->bounced_entered;
	bool same = space->bounced_address == address;

	WRITE_ONCE(space->bounced, NULL);
	if (!same || way > DK_LONGEST_RETURN_NS)
		return entered;
	dk_lead.outside_ns = dk_average(dk_lead.outside_ns, way);
	dk_lead.samples++;
	return first;
}

void dk_lead_tail(u64 ns)
{
	if (ns < DK_LONGEST_RETURN_NS)
		dk_lead.tail_ns = dk_average(dk_lead.tail_ns, ns);
}
