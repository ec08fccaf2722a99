// SPDX-License-Identifier: GPL-2.0
/*
 * What a process does to its address space takes effect at once. The program makes itself a member and looks at the
 * levels before and after; a few pages of its stack and library may come and go, which SLACK allows for.
 */
#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "guest.h"

#define PAGES 1000
#define SLACK 30

#define CHECK_NEAR(got, want)                                                                       \
	do {                                                                                        \
		int64_t got_ = (got), want_ = (want);                                               \
		CHECK(got_ >= want_ - SLACK && got_ <= want_ + SLACK, "%s is %lld, not %lld", #got, \
		      (long long)got_, (long long)want_);                                           \
	} while (0)

static uint8_t *map_and_touch(void)
{
	uint8_t *memory = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned i;

	CHECK(memory != MAP_FAILED, "mmap");
	for (i = 0; i < PAGES; i++)
		memory[i * PAGE] = i % 251 + 1;
	return memory;
}

static void check_contents(const uint8_t *memory)
{
	unsigned i;

	for (i = 0; i < PAGES; i++)
		CHECK(memory[i * PAGE] == i % 251 + 1, "page %u is %u", i, memory[i * PAGE]);
}

static void audit(void)
{
	CHECK_EQUAL(stat_of(0, "audit_remote_open"), 0);
	CHECK_EQUAL(stat_of(0, "audit_local_closed"), 0);
}

static void drop_and_unmap(void)
{
	uint64_t before = stat_of(0, "managed_pages");
	uint8_t *memory = map_and_touch();

	CHECK_NEAR(stat_of(0, "managed_pages"), before + PAGES);
	madvise(memory, PAGES / 2 * PAGE, MADV_DONTNEED);
	CHECK_NEAR(stat_of(0, "managed_pages"), before + PAGES / 2);
	munmap(memory, PAGES * PAGE);
	CHECK_NEAR(stat_of(0, "managed_pages"), before);
	audit();
}

static void move(void)
{
	uint8_t *memory = map_and_touch();
	uint64_t managed = stat_of(0, "managed_pages"), first = stat_of(0, "faults_first_touch");
	uint64_t local = stat_of(0, "local_pages"), remote;

	memory = mremap(memory, PAGES * PAGE, 3 * PAGES * PAGE, MREMAP_MAYMOVE);
	CHECK(memory != MAP_FAILED, "mremap");
	CHECK_NEAR(stat_of(0, "managed_pages"), managed);
	CHECK_NEAR(stat_of(0, "local_pages"), local);
	remote = stat_of(0, "faults_remote");
	check_contents(memory);
	CHECK_NEAR(stat_of(0, "faults_first_touch"), first);
	/* Where the limit held pages back they were remote before, and most are so after the move. */
	remote = stat_of(0, "faults_remote") - remote;
	CHECK(managed > local + SLACK ? remote > PAGES / 2 : remote < SLACK, "%llu remote accesses behind the move",
	      (unsigned long long)remote);
	munmap(memory, 3 * PAGES * PAGE);
	audit();
}

static void change_rights(void)
{
	uint8_t *memory = map_and_touch();
	uint64_t remote = stat_of(0, "faults_remote");

	mprotect(memory, PAGES * PAGE, PROT_READ);
	audit();
	mprotect(memory, PAGES * PAGE, PROT_NONE);
	mprotect(memory, PAGES * PAGE, PROT_READ | PROT_WRITE);
	audit();
	check_contents(memory);
	CHECK(stat_of(0, "faults_remote") - remote >= PAGES - SLACK, "rights opened remote pages");
	munmap(memory, PAGES * PAGE);
}

static void resize(void)
{
	uint8_t *memory = map_and_touch();
	uint64_t remote;

	CHECK_EQUAL(config("instance_id=0 local_npages=100"), 0);
	CHECK(stat_of(0, "local_pages") <= 100, "not shrunk");
	check_contents(memory);
	CHECK_EQUAL(config("instance_id=0 local_npages=2000"), 0);
	check_contents(memory);
	remote = stat_of(0, "faults_remote");
	check_contents(memory);
	CHECK_NEAR(stat_of(0, "faults_remote") - remote, 0);
	munmap(memory, PAGES * PAGE);
	audit();
}

/* A huge page that was there before is split, and its 512 pages are managed one by one. */
static void huge(void)
{
	size_t bytes = 4 << 20;
	uint8_t *memory = mmap(NULL, 2 * bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t remote;
	unsigned i;

	memory = (uint8_t *)(((uintptr_t)memory + bytes - 1) & ~(bytes - 1));
	madvise(memory, bytes, MADV_HUGEPAGE);
	memset(memory, 7, bytes);
	CHECK_EQUAL(config("instance_id=0 local_npages=100 latency_ns=0 bandwidth_bps=0 pid=%d", getpid()), 0);
	CHECK(stat_of(0, "managed_pages") >= bytes / PAGE, "only %llu pages managed",
	      (unsigned long long)stat_of(0, "managed_pages"));
	remote = stat_of(0, "faults_remote");
	for (i = 0; i < bytes; i += PAGE)
		CHECK(memory[i] == 7, "content");
	CHECK(stat_of(0, "faults_remote") - remote >= bytes / PAGE - 100 - SLACK, "huge pages were not split");
	audit();
	munmap(memory, bytes);
}

int main(void)
{
	huge();
	CHECK_EQUAL(config("instance_id=0 local_npages=5000"), 0);
	drop_and_unmap();
	move();
	resize();
	CHECK_EQUAL(config("instance_id=0 local_npages=100"), 0);
	drop_and_unmap();
	move();
	change_rights();
	return 0;
}
