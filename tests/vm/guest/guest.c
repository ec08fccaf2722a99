// SPDX-License-Identifier: GPL-2.0
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int config(const char *format, ...)
{
	char text[4096];
	va_list arguments;
	int fd, length, err = 0;

	va_start(arguments, format);
	length = vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	fd = open("/proc/dime_config", O_WRONLY);
	if (fd < 0)
		return errno;
	if (write(fd, text, length) != length)
		err = errno;
	close(fd);
	return err;
}

uint64_t stat_of(unsigned instance, const char *key)
{
	static char line[256];
	FILE *file = fopen("/proc/dime_stats", "r");
	unsigned at = ~0u;
	unsigned long long value;
	size_t length = strlen(key);

	CHECK(file, "no /proc/dime_stats");
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "instance %u", &at) == 1)
			continue;
		if (at == instance && !strncmp(line, key, length) && line[length] == ' ') {
			value = strtoull(line + length, NULL, 10);
			fclose(file);
			return value;
		}
	}
	fclose(file);
	CHECK(0, "no %s of instance %u", key, instance);
	return 0;
}

int rules(const char *format, ...)
{
	int fd = open("/proc/dime_rules", O_WRONLY), err;
	char text[2048];
	va_list list;

	CHECK(fd >= 0, "/proc/dime_rules: %s", strerror(errno));
	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	err = write(fd, text, strlen(text)) < 0 ? errno : 0;
	close(fd);
	return err;
}

uint64_t tier_stat(const char *tier, const char *key)
{
	FILE *stats = fopen("/proc/dime_stats", "r");
	char line[1024], name[64], *at;
	uint64_t number = UINT64_MAX;
	char wanted[64];
	unsigned index;
	int rest;

	snprintf(wanted, sizeof(wanted), " %s ", key);
	while (stats && fgets(line, sizeof(line), stats)) {
		if (sscanf(line, "tier %u %63s%n", &index, name, &rest) != 2 || strcmp(name, tier))
			continue;
		at = strstr(line + rest, wanted);
		CHECK(at && sscanf(at + strlen(wanted), "%" SCNu64, &number) == 1, "no %s in %s", key, line);
	}
	fclose(stats);
	CHECK(number != UINT64_MAX, "no tier %s", tier);
	return number;
}

uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/* One pass in registers: no call, no stack. */
static inline __attribute__((always_inline)) void touch(uint8_t *page, int write, uint64_t *sum)
{
	if (write)
		*(volatile uint64_t *)page = (uint64_t)page;
	else
		*sum += *(volatile uint64_t *)page;
}

static void __attribute__((noreturn, noinline)) serve(struct command *c)
{
	for (;;) {
		uint64_t sum = 0, begin, round, i, x = 88172645463325252ull;

		while (!c->go)
			__builtin_ia32_pause();
		c->go = 0;
		begin = __builtin_ia32_rdtsc();
		for (round = 0; round < c->rounds; round++) {
			for (i = 0; i < c->count; i++) {
				uint64_t page = i;

				if (c->order == UNIFORM) {
					x ^= x << 13;
					x ^= x >> 7;
					x ^= x << 17;
					page = (uint64_t)(((unsigned __int128)x * c->count) >> 64);
				}
				touch(c->arena + (c->first + page) * PAGE, c->write, &sum);
			}
		}
		c->ticks = __builtin_ia32_rdtsc() - begin + (sum & 0);
		__atomic_store_n(&c->done, 1, __ATOMIC_RELEASE);
	}
}

/* The counter's rate, measured once; a worker has no other clock, because a call would touch its stack. */
static double ticks_per_ns(void)
{
	static double rate;
	uint64_t ns, ticks;

	if (rate == 0) {
		ns = now_ns();
		ticks = __builtin_ia32_rdtsc();
		while (now_ns() - ns < 20000000)
			;
		rate = (double)(__builtin_ia32_rdtsc() - ticks) / (now_ns() - ns);
	}
	return rate;
}

struct worker worker_start(uint64_t pages)
{
	struct worker w = { .pages = pages };

	w.command = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	w.arena = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(w.command != MAP_FAILED && w.arena != MAP_FAILED, "mmap");
	fflush(stdout);
	w.pid = fork();
	if (w.pid == 0)
		serve(w.command);
	munmap(w.arena, pages * PAGE);
	return w;
}

uint64_t worker_touch(struct worker *w, uint64_t first, uint64_t count, uint64_t rounds, enum order order, int write)
{
	struct command *c = w->command;
	useconds_t us;

	c->arena = w->arena;
	c->first = first;
	c->count = count;
	c->rounds = rounds;
	c->order = order;
	c->write = write;
	c->done = 0;
	__atomic_store_n(&c->go, 1, __ATOMIC_RELEASE);
	/* Rarely, because with one processor each look interrupts what is being measured. */
	for (us = 500; !__atomic_load_n(&c->done, __ATOMIC_ACQUIRE); us = us < 50000 ? 2 * us : us)
		usleep(us);
	return c->ticks / ticks_per_ns();
}

void worker_end(struct worker *w)
{
	kill(w->pid, SIGKILL);
	waitpid(w->pid, NULL, 0);
	munmap(w->command, PAGE);
}
