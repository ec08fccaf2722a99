// SPDX-License-Identifier: GPL-2.0
/*
 * Threads that do everything to their memory that a program may do, and verify every word of it.
 *
 * Each thread owns a region of pages, each filled with a value that names thread, page and version. It writes and checks
 * pages at random, drops them (MADV_DONTNEED), changes rights, moves the region (mremap), locks it, offers it for merging
 * (KSM), copies it through a pipe, forks a child that checks its copy, and maps it anew; with an argument it also
 * names and places it all the while. Runs until SIGTERM, then prints how many operations were done; a wrong word ends the
 * program with status 1.
 */
#define _GNU_SOURCE
#include <dime/call.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest.h"

#define THREADS 4
#define PAGES 128
#define WORDS (PAGE / 8)

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#define PR_SET_VMA_ANON_NAME 0
#endif

static atomic_int stop;
static int says;
static atomic_ulong operations;
static pthread_mutex_t choosing = PTHREAD_MUTEX_INITIALIZER;

struct region {
	uint64_t thread, random;
	uint64_t *memory;
	uint64_t version[PAGES]; /* 0 = never written: reads as zeros */
};

static uint64_t next(struct region *r)
{
	r->random ^= r->random << 13;
	r->random ^= r->random >> 7;
	r->random ^= r->random << 17;
	return r->random;
}

static uint64_t value(const struct region *r, unsigned page)
{
	return r->version[page] ? r->thread << 48 | (uint64_t)page << 32 | r->version[page] : 0;
}

static void fill(struct region *r, unsigned page)
{
	unsigned i;

	r->version[page] = (next(r) & 0xffff) + 1;
	for (i = 0; i < WORDS; i += 64)
		r->memory[page * WORDS + i] = value(r, page);
}

static void check(const struct region *r, unsigned page)
{
	unsigned i;

	for (i = 0; i < WORDS; i += 64)
		CHECK(r->memory[page * WORDS + i] == value(r, page), "thread %d page %u word %u: %llx, not %llx",
		      (int)r->thread, page, i, (unsigned long long)r->memory[page * WORDS + i],
		      (unsigned long long)value(r, page));
}

static void check_all(const struct region *r)
{
	unsigned page;

	for (page = 0; page < PAGES; page++)
		check(r, page);
}

/*
 * One thread at a time is given addresses. A signal (SIGSTOP, too) that meets mremap() while it takes merged pages apart makes
 * the kernel start the call once more, after it has unmapped the target: what another thread had mapped there meanwhile
 * would be replaced, and two threads would have one region.
 */
static void map_anew(struct region *r)
{
	pthread_mutex_lock(&choosing);
	if (r->memory)
		munmap(r->memory, PAGES * PAGE);
	r->memory = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pthread_mutex_unlock(&choosing);
	CHECK(r->memory != MAP_FAILED, "mmap: %s", strerror(errno));
	memset(r->version, 0, sizeof(r->version));
}

static void drop(struct region *r, unsigned page)
{
	madvise(r->memory + page * WORDS, PAGE, MADV_DONTNEED);
	r->version[page] = 0;
}

static void change_rights(struct region *r, unsigned page)
{
	mprotect(r->memory + page * WORDS, PAGE, PROT_READ);
	check(r, page);
	mprotect(r->memory + page * WORDS, PAGE, PROT_NONE);
	mprotect(r->memory + page * WORDS, PAGE, PROT_READ | PROT_WRITE);
	check(r, page);
}

static void move(struct region *r)
{
	void *target, *moved;

	pthread_mutex_lock(&choosing);
	target = mmap(NULL, PAGES * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	moved = mremap(r->memory, PAGES * PAGE, PAGES * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target);
	pthread_mutex_unlock(&choosing);

	/* A region that mprotect() or mlock() has cut for good cannot be moved in one go. The target is gone all the same. */
	CHECK(moved != MAP_FAILED || errno == EFAULT, "mremap: %s", strerror(errno));
	if (moved != MAP_FAILED)
		r->memory = moved;
	check_all(r);
}

static void through_pipe(struct region *r, unsigned page)
{
	uint64_t copy[WORDS];
	int ends[2];

	CHECK(pipe(ends) == 0, "pipe: %s", strerror(errno));
	CHECK(write(ends[1], r->memory + page * WORDS, PAGE) == PAGE, "write");
	CHECK(read(ends[0], copy, PAGE) == PAGE, "read");
	CHECK(copy[0] == value(r, page), "through the pipe");
	close(ends[0]);
	close(ends[1]);
}

static void fork_and_check(struct region *r)
{
	int status = 1;
	pid_t child = fork();

	if (child == 0) {
		unsigned page;

		for (page = 0; page < PAGES; page++) {
			if (r->memory[page * WORDS] != value(r, page))
				_exit(1);
			r->memory[page * WORDS] = 1;
		}
		_exit(0);
	}
	CHECK(child > 0 && waitpid(child, &status, 0) == child && status == 0, "child: status %d", status);
	check_all(r);
}

/* Of members and others alike; what it is answered depends on who runs it. */
static void say(struct region *r, unsigned page)
{
	static const char *const words[] = { "some", "other", NULL, "far", "local", "default", "nowhere" };
	uint64_t pages = next(r) % (PAGES - page) + 1;

	prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, r->memory + page * WORDS, pages * PAGE, words[next(r) % 3]);
	prctl(DIME_CALL, DIME_CALL_PLACE, r->memory + page * WORDS, pages * PAGE, words[3 + next(r) % 4]);
	check(r, page);
}

static void one(struct region *r)
{
	unsigned page = next(r) % PAGES;

	switch (next(r) % 64) {
	case 0: drop(r, page); break;
	case 1: change_rights(r, page); break;
	case 2: if (next(r) % 8 == 0) move(r); break;
	case 3: mlock(r->memory + page * WORDS, PAGE); check(r, page); munlock(r->memory + page * WORDS, PAGE); break;
	case 4: madvise(r->memory, PAGES * PAGE, MADV_MERGEABLE); break;
	case 5: through_pipe(r, page); break;
	case 6: if (next(r) % 16 == 0) fork_and_check(r); break;
	case 7: if (next(r) % 16 == 0) map_anew(r); break;
	case 8: madvise(r->memory + page * WORDS, PAGE, MADV_PAGEOUT); check(r, page); break;
	case 9: if (says) say(r, page); break;
	default:
		if (page % 2)
			fill(r, page);
		else
			check(r, page);
	}
	operations++;
}

static void *run(void *argument)
{
	struct region *r = argument;

	r->random = 88172645463325252ull * (r->thread + 1);
	map_anew(r);
	while (!stop)
		one(r);
	check_all(r);
	return NULL;
}

static void finish(int signal)
{
	stop = signal;
}

int main(int argc, char **argv)
{
	struct region *regions = calloc(THREADS, sizeof(*regions));
	pthread_t threads[THREADS];
	unsigned i;

	says = argc > 1;
	signal(SIGTERM, finish);
	for (i = 0; i < THREADS; i++) {
		regions[i].thread = i + 1;
		pthread_create(&threads[i], NULL, run, &regions[i]);
	}
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	printf("result stress %lu operations\n", operations);
	return 0;
}
