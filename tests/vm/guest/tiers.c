// SPDX-License-Identifier: GPL-2.0
/*
 * Tiers of the kernel engine: parts of one arena that rules by address place, the same changed while the worker runs, and what is
 * refused. Every touch in a cycle is remote under FIFO, so counts are exact. Under -icount the mean stalls are judged, too:
 * the argument is the tolerance per mille.
 */
#include <errno.h>
#include <inttypes.h>

#include "guest.h"

#define PART 128
#define ROUNDS 4

static unsigned long at(const struct worker *w, unsigned part)
{
	return (unsigned long)w->arena + part * PART * PAGE;
}

static void judge(const char *tier, uint64_t want, double tolerance)
{
	double mean = (double)tier_stat(tier, "stall_sum") / tier_stat(tier, "stall_count");

	printf("result tier %s want %" PRIu64 " got %.0f\n", tier, want, mean);
	CHECK(mean >= want * 0.98, "%s: %.0f ns instead of %" PRIu64, tier, mean, want);
	CHECK(mean <= want * (1 + tolerance), "%s: %.0f ns instead of %" PRIu64, tier, mean, want);
}

int main(int argc, char **argv)
{
	double tolerance = argc > 1 ? atof(argv[1]) / 1000 : 1000;
	struct worker w = worker_start(4 * PART);
	uint64_t remote;

	CHECK_EQUAL(config("instance_id=0 latency_ns=5000 bandwidth_bps=0 local_npages=64 writeback=0 pid=%d", w.pid), 0);
	CHECK_EQUAL(rules("instance_id=0\n"
			  "tier near: latency=20us\n"
			  "tier far: latency=60us,local=32p\n"
			  "place range=0x%lx-0x%lx: near\n"
			  "place range=0x%lx-0x%lx: far\n"
			  "place range=0x%lx-0x%lx: local\n",
			  at(&w, 0), at(&w, 1), at(&w, 1), at(&w, 2), at(&w, 2), at(&w, 3)),
		    0);
	worker_touch(&w, 0, 4 * PART, 1, FORWARD, 1);
	CHECK_EQUAL(tier_stat("near", "first_touch"), PART);
	CHECK_EQUAL(tier_stat("far", "first_touch"), PART);
	CHECK_EQUAL(tier_stat("local", "first_touch"), PART);
	worker_touch(&w, 0, PART, ROUNDS, FORWARD, 0);
	worker_touch(&w, PART, PART, ROUNDS, FORWARD, 0);
	worker_touch(&w, 2 * PART, PART, ROUNDS, FORWARD, 1);
	CHECK_EQUAL(tier_stat("near", "remote"), ROUNDS * PART);
	CHECK_EQUAL(tier_stat("far", "remote"), ROUNDS * PART);
	CHECK_EQUAL(tier_stat("local", "remote"), 0);
	CHECK_EQUAL(tier_stat("local", "local"), PART);
	CHECK_EQUAL(tier_stat("far", "local_peak"), 32);
	CHECK(stat_of(0, "local_peak") <= 64, "peak %" PRIu64, stat_of(0, "local_peak"));
	judge("near", 20000, tolerance);
	judge("far", 60000, tolerance);

	/* Refused, and nothing changed. */
	CHECK_EQUAL(rules("instance_id=0\nplace heap: nowhere\n"), EINVAL);
	CHECK_EQUAL(rules("instance_id=0\ntier far: local=5p,policy=none-such\nplace heap: far\n"), ENOENT);
	CHECK_EQUAL(rules("instance_id=0\ntier far: prefetch=linux\nplace heap: far\n"), EINVAL);
	CHECK_EQUAL(rules("instance_id=0\nplace heap: prefetch=sequential:4\n"), EINVAL);
	CHECK_EQUAL(rules("instance_id=7\n"), ENOENT);
	CHECK_EQUAL(rules("place heap: local\n"), EINVAL);
	CHECK_EQUAL(rules("instance_id=0\nplace range=0x1000-0x3000: local\nplace range=0x2000-0x4000: local\n"), EINVAL);
	CHECK_EQUAL(tier_stat("far", "remote"), ROUNDS * PART);

	/* Live: what was far is local, what was local is far. */
	CHECK_EQUAL(rules("instance_id=0\n"
			  "tier near: latency=20us\n"
			  "tier far: latency=60us,local=32p\n"
			  "place range=0x%lx-0x%lx: local\n"
			  "place range=0x%lx-0x%lx: far\n",
			  at(&w, 1), at(&w, 2), at(&w, 2), at(&w, 3)),
		    0);
	CHECK_EQUAL(tier_stat("far", "local"), 32);
	worker_touch(&w, PART, PART, 1, FORWARD, 0);
	remote = stat_of(0, "faults_remote");
	worker_touch(&w, PART, PART, ROUNDS, FORWARD, 1);
	CHECK_EQUAL(stat_of(0, "faults_remote"), remote);
	CHECK_EQUAL(tier_stat("local", "local"), PART);
	remote = tier_stat("far", "remote");
	worker_touch(&w, 2 * PART, PART, 1, FORWARD, 0);
	worker_touch(&w, 2 * PART, PART, ROUNDS, FORWARD, 0);
	CHECK(tier_stat("far", "remote") >= remote + ROUNDS * PART, "far: only %" PRIu64, tier_stat("far", "remote") - remote);

	/* And back to one tier. */
	CHECK_EQUAL(rules("instance_id=0\n"), 0);
	worker_touch(&w, 0, 4 * PART, 2, FORWARD, 1);
	CHECK(stat_of(0, "local_pages") <= 64, "%" PRIu64 " local pages", stat_of(0, "local_pages"));
	worker_end(&w);
	CHECK_EQUAL(config("instance_id=0 remove=1"), 0);
	return 0;
}
