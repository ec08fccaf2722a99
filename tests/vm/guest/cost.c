// SPDX-License-Identifier: GPL-2.0
/*
 * Instructions of a remote access and of the faults of others. Under -icount only, where an instruction takes a
 * nanosecond. Prints "result cost" lines: the mean over many, less the loop around it.
 */
#include <inttypes.h>

#include "guest.h"

#define PAGES 1024
#define ROUNDS 8

static double loop_cost(struct worker *w, int write)
{
	CHECK_EQUAL(config("instance_id=0 local_npages=%u", 2 * PAGES), 0);
	worker_touch(w, 0, PAGES, 1, FORWARD, 1);
	return (double)worker_touch(w, 0, PAGES, ROUNDS, FORWARD, write) / (ROUNDS * PAGES);
}

/* Every access misses and evicts: first in, first out over more pages than are local. */
static double with_eviction(struct worker *w, int write)
{
	CHECK_EQUAL(config("instance_id=0 local_npages=%u", PAGES / 2), 0);
	worker_touch(w, 0, PAGES, 2, FORWARD, write);
	return (double)worker_touch(w, 0, PAGES, ROUNDS, FORWARD, write) / (ROUNDS * PAGES);
}

/* Every access misses and there is room. */
static double without_eviction(struct worker *w, int write)
{
	CHECK_EQUAL(config("instance_id=0 local_npages=1"), 0);
	CHECK_EQUAL(config("instance_id=0 local_npages=%u", 2 * PAGES), 0);
	return (double)worker_touch(w, 0, PAGES, 1, FORWARD, write) / PAGES;
}

/* A plain fault of a process that is no member. */
static void plain(const char *when)
{
	struct worker w = worker_start(4 * PAGES);
	double read = (double)worker_touch(&w, 0, PAGES, 1, FORWARD, 0) / PAGES;
	double write = (double)worker_touch(&w, 2 * PAGES, PAGES, 1, FORWARD, 1) / PAGES;

	printf("result cost minor fault of a non-member, %s: read %.1f write %.1f\n", when, read, write);
	worker_end(&w);
}

int main(void)
{
	struct worker w;
	int write;

	plain("without an instance");
	plain("without an instance");
	w = worker_start(PAGES);
	CHECK_EQUAL(config("instance_id=0 latency_ns=0 bandwidth_bps=0 local_npages=%u pid=%d", PAGES, w.pid), 0);
	plain("with an instance");
	plain("with an instance");
	for (write = 0; write < 2; write++) {
		double loop = loop_cost(&w, write);

		printf("result cost remote access, %s: with eviction %.1f without %.1f\n", write ? "write" : "read",
		       with_eviction(&w, write) - loop, without_eviction(&w, write) - loop);
	}
	worker_end(&w);
	return config("instance_id=0 remove=1");
}
