// SPDX-License-Identifier: GPL-2.0
/*
 * The limit holds at every moment: with more threads than local pages, where it shrinks under load, and up to one page for each
 * other process that reads the memory at that moment. It gives way only to an instruction that needs more pages than it has.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest.h"

#define THREADS 6
#define PAGES 64 /* of each thread */
#define READERS 3

struct shared {
	volatile uint32_t threads; /* of the child */
	volatile uint32_t done;
	volatile uint64_t rounds;
};

static struct shared *shared;
static uint8_t *arena; /* of the child, at this address */

/* In registers, so that no instruction needs a second page. */
static void *touch_for_ever(void *argument)
{
	volatile uint8_t *own = arena + (uintptr_t)argument * PAGES * PAGE;
	uint64_t x = 88172645463325252ull + (uintptr_t)argument;

	for (;;) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		own[x % PAGES * PAGE] = x;
	}
	return NULL;
}

/* A child whose threads touch their pages for ever. */
static pid_t start_toucher(unsigned threads)
{
	pthread_t thread;
	uintptr_t i;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		for (i = 1; i < threads; i++)
			pthread_create(&thread, NULL, touch_for_ever, (void *)i);
		touch_for_ever(NULL);
	}
	return pid;
}

static void end(pid_t child)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	CHECK_EQUAL(config("instance_id=0 remove=1"), 0);
}

static void report(const char *what, uint64_t limit)
{
	printf("result limit %s: peak %llu of %llu, forced %llu, opened %llu, %llu remote accesses\n", what,
	       (unsigned long long)stat_of(0, "local_peak"), (unsigned long long)limit,
	       (unsigned long long)stat_of(0, "forced"), (unsigned long long)stat_of(0, "late_adopted"),
	       (unsigned long long)stat_of(0, "faults_remote"));
}

/* Each fetch takes longer than a thread would have waited for room. */
static void more_threads_than_pages(void)
{
	pid_t child = start_toucher(THREADS);

	CHECK_EQUAL(config("instance_id=0 latency_ns=30000000 bandwidth_bps=0 local_npages=3 pid=%d", child), 0);
	sleep(2);
	report("with more threads than pages", 3);
	CHECK(stat_of(0, "faults_remote") + stat_of(0, "faults_first_touch") > 20, "no progress");
	CHECK(stat_of(0, "local_peak") <= 3, "above the limit");
	CHECK_EQUAL(stat_of(0, "forced"), 0);
	end(child);
}

static void shrunk_under_load(void)
{
	pid_t child = start_toucher(THREADS);
	unsigned i;

	CHECK_EQUAL(config("instance_id=0 latency_ns=1000 bandwidth_bps=0 local_npages=300 pid=%d", child), 0);
	sleep(1);
	CHECK_EQUAL(config("instance_id=0 local_npages=50"), 0);
	for (i = 0; i < 100; i++) {
		CHECK(stat_of(0, "local_pages") <= 50, "above the limit");
		usleep(5000);
	}
	CHECK_EQUAL(config("instance_id=0 local_npages=300"), 0);
	CHECK(stat_of(0, "local_peak") <= 300, "above the limit");
	CHECK_EQUAL(stat_of(0, "forced"), 0);
	end(child);
}

static void read_for_ever(pid_t child)
{
	uint8_t copy[16];
	uint64_t x = getpid();

	for (;;) {
		struct iovec here = { copy, sizeof(copy) };
		struct iovec there = { arena, sizeof(copy) };

		x = x * 6364136223846793005ull + 1442695040888963407ull;
		there.iov_base = arena + (x >> 33) % PAGES * PAGE;
		process_vm_readv(child, &here, 1, &there, 1, 0);
	}
}

/* Newer kernels let them read remote pages as they are; older ones open the pages. */
static void read_by_others(void)
{
	pid_t child = start_toucher(1), readers[READERS];
	unsigned i;

	CHECK_EQUAL(config("instance_id=0 latency_ns=1000 bandwidth_bps=0 local_npages=8 pid=%d", child), 0);
	usleep(100000);
	for (i = 0; i < READERS; i++) {
		readers[i] = fork();
		if (readers[i] == 0)
			read_for_ever(child);
	}
	sleep(2);
	for (i = 0; i < READERS; i++) {
		kill(readers[i], SIGKILL);
		waitpid(readers[i], NULL, 0);
	}
	report("read by others", 8);
	CHECK(stat_of(0, "local_peak") <= 8 + READERS, "above the limit by more than the readers");
	CHECK(stat_of(0, "local_pages") <= 8, "above the limit afterwards");
	CHECK_EQUAL(stat_of(0, "forced"), 0);
	end(child);
}

static void on_signal(int number)
{
	shared->rounds++;
}

/* Two pages in one instruction, up to four where they are cut, and the kernel's own: a signal's frame, a buffer. */
static void need_two_pages(void)
{
	unsigned i;
	int ends[2];

	signal(SIGUSR1, on_signal);
	if (pipe(ends))
		_exit(1);
	for (i = 0; i < 20; i++) {
		void *from = arena + i * PAGE, *to = arena + (i + 20) * PAGE;

		asm volatile("movsb" : "+S"(from), "+D"(to) : : "memory");
		from = arena + (i + 1) * PAGE - 4;
		to = arena + (i + 21) * PAGE - 4;
		asm volatile("movsq" : "+S"(from), "+D"(to) : : "memory");
		raise(SIGUSR1);
		if (write(ends[1], arena + (i + 1) * PAGE - 100, 200) != 200 || read(ends[0], arena + (i + 21) * PAGE - 100, 200) != 200)
			_exit(1);
	}
}

static void instructions_of_several_pages(void)
{
	unsigned i;
	int status;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child == 0) {
		for (i = 0; i < PAGES * PAGE; i++)
			arena[i] = i % 251;
		while (!shared->done)
			__builtin_ia32_pause();
		need_two_pages();
		for (i = 0; i < 20; i++)
			if (memcmp(arena + (i + 20) * PAGE, arena + i * PAGE, 1) || memcmp(arena + (i + 21) * PAGE - 4, arena + (i + 1) * PAGE - 4, 8))
				_exit(2);
		_exit(0);
	}
	usleep(300000);
	CHECK_EQUAL(config("instance_id=0 latency_ns=0 bandwidth_bps=0 local_npages=1 keep=1 pid=%d", child), 0);
	shared->done = 1;
	CHECK(waitpid(child, &status, 0) == child && status == 0, "status %#x", status);
	report("for instructions of several pages", 1);
	CHECK_EQUAL(shared->rounds, 20);
	CHECK(stat_of(0, "forced") >= 20, "it did not give way");
	CHECK(stat_of(0, "local_peak") <= 1 + 8, "it gave way too far");
	CHECK_EQUAL(config("instance_id=0 remove=1"), 0);
}

int main(void)
{
	shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	arena = mmap(NULL, THREADS * PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(shared != MAP_FAILED && arena != MAP_FAILED, "mmap");
	more_threads_than_pages();
	shrunk_under_load();
	read_by_others();
	instructions_of_several_pages();
	return 0;
}
