// SPDX-License-Identifier: GPL-2.0
/*
 * What a program says of its memory by prctl: names, places and phases, and how far they go along with the memory. Tiers have limits
 * of their own here, so that `managed` tells how many pages are in each.
 */
#define _GNU_SOURCE
#include <dime/call.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest.h"

#define PART 32
#define BYTES (PART * PAGE)

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#define PR_SET_VMA_ANON_NAME 0
#endif

static int natively; /* what a name that is in order ends with here */

static char *map_at(void *where, int flags)
{
	char *memory = mmap(where, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

	CHECK(memory != MAP_FAILED, "mmap: %s", strerror(errno));
	return memory;
}

static void touch_all(char *memory, unsigned pages)
{
	for (unsigned i = 0; i < pages; i++)
		*(volatile char *)(memory + i * PAGE) = 1;
}

/* A mapping of its own, between two that cannot be accessed, or neighbours would merge. */
static char *map_alone(void)
{
	char *memory = mmap(NULL, BYTES + 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(memory != MAP_FAILED, "mmap: %s", strerror(errno));
	return map_at(memory + PAGE, MAP_FIXED);
}

static char *map_touched(void)
{
	char *memory = map_alone();

	touch_all(memory, PART);
	return memory;
}

static int set_name(char *memory, unsigned long bytes, const char *name)
{
	return prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, memory, bytes, name) ? errno : 0;
}

static void name(char *memory, unsigned long bytes, const char *name)
{
	CHECK_EQUAL(set_name(memory, bytes, name), natively);
}

static int call(unsigned long operation, const void *address, unsigned long bytes, const char *name)
{
	int answer = prctl(DIME_CALL, operation, address, bytes, name);

	return answer < 0 ? -errno : answer;
}

static int place(const void *address, unsigned long bytes, const char *tier)
{
	return call(DIME_CALL_PLACE, address, bytes, tier);
}

static uint64_t far_pages(void)
{
	return tier_stat("far", "managed");
}

static uint64_t near_pages(void)
{
	return tier_stat("near", "managed");
}

static void names(void)
{
	char *first = map_touched(), *second = map_alone(), *moved, *room;

	CHECK_EQUAL(far_pages(), 0);
	/* Pages that are there, and pages to come. */
	name(first, BYTES, "table");
	CHECK_EQUAL(far_pages(), PART);
	name(second, BYTES, "table");
	touch_all(second, PART);
	CHECK_EQUAL(far_pages(), 2 * PART);
	/* A part with another name, none, and again the first. */
	name(first + BYTES / 4, BYTES / 4, "tablet");
	CHECK_EQUAL(far_pages(), 2 * PART - PART / 4);
	CHECK_EQUAL(near_pages(), PART / 4);
	name(first + BYTES / 4, BYTES / 4, NULL);
	CHECK_EQUAL(far_pages(), 2 * PART - PART / 4);
	CHECK_EQUAL(near_pages(), 0);
	name(first, BYTES, "table");
	CHECK_EQUAL(far_pages(), 2 * PART);
	/* What is no name, or no memory, names nothing. */
	name(second, BYTES, "tableau");
	CHECK_EQUAL(far_pages(), PART);
	CHECK_EQUAL(set_name(second + 1, BYTES, "table"), EINVAL);
	CHECK_EQUAL(prctl(PR_SET_VMA, 1, second, BYTES, "table") ? errno : 0, EINVAL);
	set_name(second, BYTES, (const char *)1);
	CHECK_EQUAL(far_pages(), PART);
	name(second, BYTES, "table");
	CHECK_EQUAL(far_pages(), 2 * PART);

	/* What is unmapped has no name when other memory is there, nor has what is replaced. */
	munmap(second + BYTES / 2, BYTES / 2);
	CHECK_EQUAL(far_pages(), PART + PART / 2);
	munmap(second, BYTES / 2);
	CHECK(map_at(second, MAP_FIXED_NOREPLACE) == second, "no room where the mapping was");
	touch_all(second, PART);
	CHECK_EQUAL(far_pages(), PART);
	name(second, BYTES, "table");
	CHECK_EQUAL(far_pages(), 2 * PART);
	map_at(second, MAP_FIXED);
	touch_all(second, PART);
	CHECK_EQUAL(far_pages(), PART);
	/* What is dropped and stays mapped keeps its name. */
	madvise(first, BYTES, MADV_DONTNEED);
	CHECK_EQUAL(far_pages(), 0);
	touch_all(first, PART);
	CHECK_EQUAL(far_pages(), PART);

	/* What is moved takes it along, to pages that are touched later, too. */
	madvise(first, BYTES / 2, MADV_DONTNEED);
	room = map_alone();
	moved = mremap(first, BYTES, BYTES, MREMAP_MAYMOVE | MREMAP_FIXED, room);
	CHECK(moved == room, "mremap: %s", strerror(errno));
	CHECK_EQUAL(far_pages(), PART / 2);
	touch_all(moved, PART);
	CHECK_EQUAL(far_pages(), PART);
	map_at(first, MAP_FIXED_NOREPLACE);
	touch_all(first, PART);
	CHECK_EQUAL(far_pages(), PART);
	munmap(moved, BYTES);
	munmap(first, BYTES);
	munmap(second, BYTES);
	CHECK_EQUAL(far_pages(), 0);
}

static void places(void)
{
	char *memory = map_touched(), *later = map_alone();
	uint64_t remote;

	CHECK_EQUAL(place(memory, BYTES, "near"), 0);
	CHECK_EQUAL(near_pages(), PART);
	/* The pages that it touches, known or not yet; a place goes before a name. */
	CHECK_EQUAL(place(later + PAGE - 1, 2, "far"), 0);
	name(later, BYTES, "tablet");
	touch_all(later, PART);
	CHECK_EQUAL(far_pages(), 2);
	CHECK_EQUAL(near_pages(), 2 * PART - 2);
	CHECK_EQUAL(place(later, BYTES, "default"), 0);
	CHECK_EQUAL(near_pages(), PART);
	CHECK_EQUAL(far_pages(), 0);

	CHECK_EQUAL(place(memory, BYTES, "nowhere"), ENOENT);
	CHECK_EQUAL(place(memory, BYTES, ""), ENOENT);
	CHECK_EQUAL(place(memory, 0, "near"), EINVAL);
	CHECK_EQUAL(place(memory, -PAGE, "near"), EINVAL);
	CHECK_EQUAL(place((void *)(1ul << 62), PAGE, "near"), EINVAL);
	CHECK_EQUAL(place(memory, BYTES, (const char *)1), EFAULT);
	CHECK_EQUAL(call(77, memory, BYTES, "near"), EINVAL);
	CHECK_EQUAL(near_pages(), PART);

	/* Rules that change leave it alone, whichever number its tier has then; a tier that is no more is none. */
	CHECK_EQUAL(rules("instance_id=0\ntier other: latency=3us\ntier far: local=8p\ntier near: local=8p\nplace name=table: far\n"), 0);
	CHECK_EQUAL(near_pages(), PART);
	CHECK_EQUAL(rules("instance_id=0\ntier far: local=8p\nplace name=table: far\n"), 0);
	CHECK_EQUAL(far_pages(), 0);
	CHECK_EQUAL(rules("instance_id=0\ntier far: local=8p\ntier near: local=8p\nplace name=table: far\nplace name=tab?et: near\n"), 0);
	CHECK_EQUAL(near_pages(), 0);

	/* Pinned: here when the call returns, and for good. */
	CHECK_EQUAL(place(memory, BYTES, "near"), 0);
	touch_all(memory, PART);
	CHECK(tier_stat("near", "local") <= 8, "%" PRIu64, tier_stat("near", "local"));
	CHECK_EQUAL(place(memory, BYTES, "local"), 0);
	CHECK_EQUAL(tier_stat("local", "local"), PART);
	remote = tier_stat("local", "remote");
	touch_all(memory, PART);
	CHECK_EQUAL(tier_stat("local", "remote"), remote);

	/* Moved, it stays placed; behind an munmap it does not. */
	CHECK(mremap(memory, BYTES, BYTES, MREMAP_MAYMOVE | MREMAP_FIXED, later) == later, "mremap: %s", strerror(errno));
	touch_all(later, PART);
	CHECK_EQUAL(tier_stat("local", "managed"), PART);
	munmap(later, BYTES);
	map_at(later, MAP_FIXED_NOREPLACE);
	touch_all(later, PART);
	CHECK_EQUAL(tier_stat("local", "managed"), 0);
	munmap(later, BYTES);
}

/* A child has its parent's names, and places its memory anew. */
static void children(void)
{
	char *named = map_touched(), *placed = map_touched();
	int status;
	pid_t child;

	name(named, BYTES, "table");
	CHECK_EQUAL(place(placed, BYTES, "near"), 0);
	madvise(named, PAGE, MADV_DONTNEED);
	fflush(stdout);
	child = fork();
	if (child == 0) {
		CHECK_EQUAL(far_pages(), 2 * (PART - 1));
		*(volatile char *)named = 1;
		CHECK_EQUAL(far_pages(), 2 * (PART - 1) + 1);
		CHECK_EQUAL(near_pages(), PART);
		CHECK_EQUAL(place(placed, BYTES, "near"), 0);
		CHECK_EQUAL(near_pages(), 2 * PART);
		name(named, BYTES, NULL);
		CHECK_EQUAL(far_pages(), PART - 1);
		fflush(stdout);
		_exit(0);
	}
	CHECK(waitpid(child, &status, 0) == child && status == 0, "the child: status %x", status);
	touch_all(named, PART);
	CHECK_EQUAL(far_pages(), PART);
	CHECK_EQUAL(near_pages(), PART);
	munmap(named, BYTES);
	munmap(placed, BYTES);
}

/* As a 32-bit program calls; its addresses are low. */
static long prctl_ia32(long option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)
{
	long result;

	asm volatile("int $0x80" : "=a"(result) : "0"(172l), "b"(option), "c"(a), "d"(b), "S"(c), "D"(d)
		     : "memory", "r8", "r9", "r10", "r11");
	return (int)result;
}

static void low_addresses(void)
{
	char *memory = map_at(NULL, MAP_32BIT), *text = map_at(NULL, MAP_32BIT);

	touch_all(memory, PART);
	strcpy(text, "table");
	CHECK_EQUAL(prctl_ia32(PR_SET_VMA, PR_SET_VMA_ANON_NAME, (unsigned long)memory, BYTES, (unsigned long)text), -natively);
	CHECK_EQUAL(far_pages(), PART);
	strcpy(text, "near");
	CHECK_EQUAL(prctl_ia32(DIME_CALL, DIME_CALL_PLACE, (unsigned long)memory, BYTES, (unsigned long)text), 0);
	CHECK_EQUAL(near_pages(), PART);
	munmap(memory, BYTES);
	munmap(text, BYTES);
}

static void phases(void)
{
	char line[256], want[64];
	FILE *stats;
	int found = 0;

	CHECK_EQUAL(call(DIME_CALL_MARK, NULL, 0, "load it"), 0);
	CHECK_EQUAL(call(DIME_CALL_MARK, NULL, 0, "work"), 0);
	CHECK_EQUAL(stat_of(0, "mark_count"), 2);
	stats = fopen("/proc/dime_stats", "r");
	snprintf(want, sizeof(want), " %d ", getpid());
	while (stats && fgets(line, sizeof(line), stats))
		found += !strncmp(line, "mark ", 5) && strstr(line, want) && (strstr(line, " load\\040it\n") || strstr(line, " work\n"));
	fclose(stats);
	CHECK_EQUAL(found, 2);
}

/* More than is kept: nothing breaks, what is kept is right, and it is told. */
static void too_many(void)
{
	char *memory = mmap(NULL, 1024 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char text[32];
	int refused = 0;

	CHECK(memory != MAP_FAILED, "mmap: %s", strerror(errno));
	for (unsigned i = 0; i < 60; i++) {
		snprintf(text, sizeof(text), "number %u", i);
		name(memory + i * PAGE, PAGE, text);
	}
	CHECK_EQUAL(stat_of(0, "not_kept"), 60 - 48);
	name(memory, 60 * PAGE, NULL);
	for (unsigned i = 0; i < 1024; i += 2)
		name(memory + i * PAGE, PAGE, "table");
	touch_all(memory, 1024);
	/* A kernel that keeps names itself has room for all of them. */
	CHECK_EQUAL(far_pages(), natively ? 255 : 512);
	for (unsigned round = 0; round < 3; round++)
		for (unsigned i = 0; i < 1024; i += 2)
			refused += place(memory + i * PAGE, PAGE, i & 2 ? "far" : "near") == ENOMEM;
	CHECK_EQUAL(refused, 0);
	CHECK_EQUAL(near_pages(), 256);
	CHECK_EQUAL(far_pages(), 256);
	munmap(memory, 1024 * PAGE);
	CHECK_EQUAL(near_pages() + far_pages(), 0);
}

int main(void)
{
	char *probe = map_alone();

	natively = set_name(probe, BYTES, "probe");
	CHECK_EQUAL(place(probe, BYTES, "local"), -EINVAL);
	CHECK_EQUAL(config("instance_id=0 latency_ns=2000 bandwidth_bps=0 local_npages=400 writeback=0 pid=%d", getpid()), 0);
	/* Without any tier or rule memory can still be pinned. */
	CHECK_EQUAL(place(probe, PAGE, "local"), 0);
	touch_all(probe, PART);
	CHECK_EQUAL(tier_stat("local", "managed"), 1);
	CHECK_EQUAL(place(probe, PAGE, "default"), 0);
	CHECK_EQUAL(tier_stat("local", "managed"), 0);
	CHECK_EQUAL(rules("instance_id=0\ntier far: local=8p\ntier near: local=8p\nplace name=table: far\nplace name=tab?et: near\n"), 0);
	names();
	places();
	children();
	low_addresses();
	phases();
	too_many();
	CHECK_EQUAL(stat_of(0, "audit_remote_open"), 0);
	CHECK_EQUAL(stat_of(0, "audit_local_closed"), 0);
	CHECK_EQUAL(stat_of(0, "audit_stale"), 0);
	CHECK_EQUAL(config("instance_id=0 pid=-%d", getpid()), 0);
	CHECK_EQUAL(place(probe, BYTES, "local"), -EINVAL);
	CHECK_EQUAL(config("instance_id=0 remove=1"), 0);
	printf("result calls: a name ends with errno %d natively\n", natively);
	return 0;
}
