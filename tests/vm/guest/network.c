// SPDX-License-Identifier: GPL-2.0
/*
 * The network beyond latency and bandwidth: jitter from tables that the module computes, fetch times, outages and their bound,
 * and evictions of pages that were only read. The bounds hold however slowly the guest runs.
 */
#include <inttypes.h>

#include "guest.h"

#define PAGES 128
#define LOCAL 64

static uint64_t mean_stall(struct worker *w, unsigned rounds)
{
	uint64_t count = stat_of(0, "stall_count"), sum = stat_of(0, "stall_sum");

	worker_touch(w, 0, PAGES, rounds, FORWARD, 1);
	count = stat_of(0, "stall_count") - count;
	CHECK(count >= PAGES, "only %" PRIu64 " stalls", count);
	return (stat_of(0, "stall_sum") - sum) / count;
}

static void expect_mean(struct worker *w, const char *network, uint64_t least)
{
	uint64_t mean;

	CHECK_EQUAL(config("instance_id=0 %s", network), 0);
	mean = mean_stall(w, 4);
	printf("result network %s mean %" PRIu64 " ns, at least %" PRIu64 "\n", network, mean, least);
	CHECK(mean >= least - least / 50, "%s: mean stall of %" PRIu64 " ns", network, mean);
}

static void evictions(struct worker *w, int write)
{
	uint64_t clean, dirty;

	worker_touch(w, 0, PAGES, 2, FORWARD, write);
	clean = stat_of(0, "evictions_clean");
	dirty = stat_of(0, "evictions_dirty");
	worker_touch(w, 0, PAGES, 2, FORWARD, write);
	clean = stat_of(0, "evictions_clean") - clean;
	dirty = stat_of(0, "evictions_dirty") - dirty;
	printf("result network %s: %" PRIu64 " clean, %" PRIu64 " dirty evictions\n", write ? "write" : "read", clean, dirty);
	/* But for pages of the worker's stack and the like. */
	CHECK(write ? dirty >= PAGES && clean <= 16 : clean >= PAGES && dirty <= 16, "%s: %" PRIu64 " clean, %" PRIu64 " dirty",
	      write ? "write" : "read", clean, dirty);
}

int main(void)
{
	struct worker w = worker_start(PAGES);
	uint64_t begin;

	CHECK_EQUAL(config("instance_id=0 latency_ns=100000 bandwidth_bps=0 local_npages=%u pid=%d", LOCAL, w.pid), 0);
	worker_touch(&w, 0, PAGES, 1, FORWARD, 1);
	expect_mean(&w, "jitter=none", 100000);
	expect_mean(&w, "jitter=table:200000:200000", 300000);
	expect_mean(&w, "jitter=table:0:200000:200000,corr=10% seed=9", 250000);
	expect_mean(&w, "jitter=normal,10us", 100000);
	expect_mean(&w, "jitter=none fetch_times=4096:250000", 250000);
	/* Nothing may queue for write-back, and each page takes 328 us on its way; fetches are unlimited. */
	expect_mean(&w, "fetch_times=none write_bandwidth_bps=100000000 writeback_depth=0", 300000);
	CHECK_EQUAL(config("instance_id=0 write_bandwidth_bps=- writeback_depth=64 fetch_times=4096:250000"), 0);
	expect_mean(&w, "fetch_times=none schedule=1us:latency=400us", 400000);
	expect_mean(&w, "schedule=none", 100000);

	begin = now_ns();
	CHECK_EQUAL(config("instance_id=0 schedule=1us:down;300ms:up"), 0);
	worker_touch(&w, 0, PAGES, 1, FORWARD, 1);
	CHECK(now_ns() - begin >= 300000000, "the outage took %" PRIu64 " ns", now_ns() - begin);

	CHECK_EQUAL(config("instance_id=0 schedule=1us:down outage_max_ns=2000000"), 0);
	begin = now_ns();
	worker_touch(&w, 0, PAGES, 1, FORWARD, 1);
	CHECK(now_ns() - begin >= (PAGES - LOCAL) * 2000000ull * 98 / 100, "waits of %" PRIu64 " ns", now_ns() - begin);
	CHECK_EQUAL(config("instance_id=0 schedule=none latency_ns=1000"), 0);

	evictions(&w, 0);
	evictions(&w, 1);
	worker_end(&w);
	config("instance_id=0 remove=1");
	return 0;
}
