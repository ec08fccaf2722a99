// SPDX-License-Identifier: GPL-2.0
/*
 * Exact fault counts on anonymous memory: the original's FIFO oracle, two alternating pages, and shares.
 *
 * The oracle: touch 2,000 pages in order with 1,000 local, then the last x again. A page of them is remote only if
 * x > 1,000, and then first in, first out makes every one of the x miss.
 */
#include "guest.h"

static void oracle(uint64_t again)
{
	struct worker w = worker_start(2000);
	uint64_t remote;

	CHECK_EQUAL(config("instance_id=0 latency_ns=0 bandwidth_bps=0 local_npages=1000 pid=%d page_fault_count=0", w.pid), 0);
	worker_touch(&w, 0, 2000, 1, FORWARD, 1);
	remote = stat_of(0, "faults_remote");
	worker_touch(&w, 2000 - again, again, 1, FORWARD, 1);
	remote = stat_of(0, "faults_remote") - remote;
	CHECK_EQUAL(remote, again > 1000 ? again : 0);
	CHECK_EQUAL(stat_of(0, "local_pages"), 1000);
	CHECK_EQUAL(stat_of(0, "audit_remote_open"), 0);
	worker_end(&w);
}

static void two_pages(void)
{
	struct worker w = worker_start(2);
	uint64_t remote;

	CHECK_EQUAL(config("instance_id=0 latency_ns=0 bandwidth_bps=0 local_npages=1 pid=%d", w.pid), 0);
	worker_touch(&w, 0, 2, 1, FORWARD, 1);
	remote = stat_of(0, "faults_remote");
	worker_touch(&w, 0, 2, 1000, FORWARD, 1);
	remote = stat_of(0, "faults_remote") - remote;
	CHECK(remote >= 2000 && remote <= 2010, "%llu remote accesses instead of 2000 and a few of the stack",
	      (unsigned long long)remote);
	worker_end(&w);
}

int main(void)
{
	oracle(0);
	oracle(500);
	oracle(1000);
	oracle(1100);
	oracle(1500);
	oracle(2000);
	two_pages();
	CHECK_EQUAL(config("instance_id=0 remove=1"), 0);
	return 0;
}
