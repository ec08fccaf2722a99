// SPDX-License-Identifier: GPL-2.0
/*
 * Instructions of a remote access and of the faults of others. Under -icount only, where an instruction takes a
 * nanosecond. Prints "result cost" lines: the mean over many, less the loop around it. Arguments: what the fault of a
 * process that is no member may cost more than without an instance, and what a remote access with eviction may.
 */
#include <dime/call.h>
#include <inttypes.h>
#include <sys/prctl.h>
#include <unistd.h>

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

struct faults {
	double read, write;
};

static double least(double a, double b)
{
	return a < b ? a : b;
}

/* A plain fault of a process that is no member: the least of some rounds, because an interrupt makes the rest longer. */
static struct faults plain(const char *when)
{
	struct faults f = { 1e9, 1e9 };
	int i;

	for (i = 0; i < 5; i++) {
		struct worker w = worker_start(4 * PAGES);

		f.read = least(f.read, (double)worker_touch(&w, 0, PAGES, 1, FORWARD, 0) / PAGES);
		f.write = least(f.write, (double)worker_touch(&w, 2 * PAGES, PAGES, 1, FORWARD, 1) / PAGES);
		worker_end(&w);
	}
	printf("result cost minor fault of a non-member, %s: read %.1f write %.1f\n", when, f.read, f.write);
	return f;
}

/*
 * What a fault of a non-member costs more than @before, now that the last instance was removed. A member that ended by itself
 * is taken down by a worker that waits for grace periods of RCU, and the hook goes with it: a moment later, so the last of
 * some looks counts.
 */
static double left_behind(double before)
{
	double more = 1e9;
	int i;

	for (i = 0; i < 20 && more >= 1; i++) {
		usleep(100 * 1000);
		more = plain("after the last instance").read - before;
	}
	return more;
}

/* A prctl, the least of some. */
static uint64_t prctl_ns(int option, unsigned long operation, void *address, unsigned long bytes, const char *name)
{
	uint64_t most = ~0ull, begin;
	int i;

	for (i = 0; i < 50; i++) {
		begin = now_ns();
		prctl(option, operation, address, bytes, name);
		begin = now_ns() - begin;
		most = begin < most ? begin : most;
	}
	return most;
}

static void calls(const char *when)
{
	static char memory[2 * PAGE] __attribute__((aligned(4096)));

	printf("result cost prctl, %s: any other %" PRIu64 " name %" PRIu64 " place %" PRIu64 " mark %" PRIu64 "\n", when,
	       prctl_ns(PR_GET_DUMPABLE, 0, NULL, 0, NULL), prctl_ns(0x53564d41, 0, memory, PAGE, "name"),
	       prctl_ns(DIME_CALL, DIME_CALL_PLACE, memory + PAGE, PAGE, "local"),
	       prctl_ns(DIME_CALL, DIME_CALL_MARK, NULL, 0, "phase"));
}

int main(int argc, char **argv)
{
	double most_others = argc > 1 ? atof(argv[1]) : 1e9, most_remote = argc > 2 ? atof(argv[2]) : 1e9, more;
	struct faults without, with;
	struct worker w;
	int write;

	without = plain("without an instance");
	calls("without an instance");
	w = worker_start(PAGES);
	CHECK_EQUAL(config("instance_id=0 latency_ns=0 bandwidth_bps=0 local_npages=%u pid=%d", PAGES, w.pid), 0);
	with = plain("with an instance");
	calls("a non-member's, with an instance");
	more = with.read - without.read;
	CHECK(more <= most_others, "others pay %.1f instructions, more than %.0f", more, most_others);
	for (write = 0; write < 2; write++) {
		double loop = loop_cost(&w, write), evicting = with_eviction(&w, write) - loop;

		printf("result cost remote access, %s: with eviction %.1f without %.1f\n", write ? "write" : "read", evicting,
		       without_eviction(&w, write) - loop);
		CHECK(evicting <= most_remote, "a remote access takes %.1f instructions, more than %.0f", evicting, most_remote);
	}
	worker_end(&w);
	CHECK_EQUAL(config("instance_id=0 pid=+%d", getpid()), 0);
	calls("a member's");
	CHECK_EQUAL(config("instance_id=0 remove=1"), 0);
	more = left_behind(without.read);
	CHECK(more < 1 && more > -1, "%.1f instructions are left behind", more);
	return 0;
}
