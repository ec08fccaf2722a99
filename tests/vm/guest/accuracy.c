// SPDX-License-Identifier: GPL-2.0
/*
 * What a remote access costs a program, against what was configured. Meaningful under -icount, where an instruction is a
 * nanosecond. A worker reads pages at random with half of them local; the time beyond that of the same loop with everything local,
 * divided by the remote accesses, is the stall. Prints "result accuracy" lines; with a tolerance (per mille) as
 * argument it fails beyond that.
 */
#include <inttypes.h>
#include <string.h>

#include "guest.h"

#define PAGES 512
#define ROUNDS 16

struct setting {
	uint64_t latency_ns, bandwidth_bps;
};

static const struct setting settings[] = {
	{ 2000, 0 }, { 4000, 0 }, { 5000, 0 }, { 20000, 0 }, { 1000, 1000000000 },
};

static double measure(struct worker *w, int write, double *want)
{
	uint64_t remote, with;
	double base;

	/* The same loop with everything local. */
	CHECK_EQUAL(config("instance_id=0 local_npages=%u", 2 * PAGES), 0);
	worker_touch(w, 0, PAGES, 1, FORWARD, 1);
	base = worker_touch(w, 0, PAGES, ROUNDS, UNIFORM, write);
	CHECK_EQUAL(config("instance_id=0 local_npages=%u", PAGES / 2), 0);
	worker_touch(w, 0, PAGES, 1, FORWARD, write);
	remote = stat_of(0, "faults_remote");
	with = worker_touch(w, 0, PAGES, ROUNDS, UNIFORM, write);
	remote = stat_of(0, "faults_remote") - remote;
	CHECK(remote > PAGES * ROUNDS / 4, "only %" PRIu64 " remote accesses", remote);
	*want = stat_of(0, "target_ns");
	return (with - base) / remote;
}

int main(int argc, char **argv)
{
	double tolerance = argc > 1 ? atof(argv[1]) / 1000 : 1000;
	struct worker w = worker_start(PAGES);
	int failures = 0;
	unsigned i, write;

	CHECK_EQUAL(config("instance_id=0 latency_ns=1000 bandwidth_bps=0 local_npages=%u writeback=0 pid=%d", PAGES / 2, w.pid), 0);
	worker_touch(&w, 0, PAGES, 4, FORWARD, 1);
	for (i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		CHECK_EQUAL(config("instance_id=0 latency_ns=%" PRIu64 " bandwidth_bps=%" PRIu64, settings[i].latency_ns,
				   settings[i].bandwidth_bps), 0);
		for (write = 0; write < 2; write++) {
			double want, got = measure(&w, write, &want), error = got / want - 1;

			printf("result accuracy %s want %.0f got %.1f error %+.2f %% lead %" PRIu64 " tail %" PRIu64 "\n",
			       write ? "write" : "read", want, got, 100 * error, stat_of(0, "lead_ns"),
			       stat_of(0, "tail_ns"));
			failures += error > tolerance || error < -tolerance;
		}
	}
	worker_end(&w);
	config("instance_id=0 remove=1");
	CHECK(!failures, "%d settings are off by more than %.1f per mille", failures, 1000 * tolerance);
	return 0;
}
