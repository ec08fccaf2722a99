/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the guest programs share: the module's files, and a worker process that touches pages on
 * command.
 *
 * The worker takes its commands from shared memory, which is not in scope=anon, and works in
 * registers, so that between a command and its answer it touches the pages of its arena and nothing
 * else that is managed.
 */
#ifndef GUEST_H
#define GUEST_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>

#define PAGE 4096ul

/* Writes one string to /proc/dime_config; 0 or an errno. */
int config(const char* format, ...) __attribute__((format(printf, 1, 2)));
/* The number behind `key` of an instance in /proc/dime_stats; ends the program if there is none. */
uint64_t stat_of(unsigned instance, const char* key);
/* Writes one text to /proc/dime_rules; 0 or an errno. */
int rules(const char* format, ...) __attribute__((format(printf, 1, 2)));
/* The number behind `key` in the line of a tier; ends the program if there is none. */
uint64_t tier_stat(const char* tier, const char* key);
/* A monotonic clock without a system call. */
uint64_t now_ns(void);

#define CHECK(condition, ...)                                    \
  do {                                                           \
    if (!(condition)) {                                          \
      printf("FAIL %s:%d %s: ", __FILE__, __LINE__, #condition); \
      printf(__VA_ARGS__);                                       \
      printf("\n");                                              \
      exit(1);                                                   \
    }                                                            \
  } while (0)

#define CHECK_EQUAL(got, want)                                                   \
  do {                                                                           \
    uint64_t got_ = (got), want_ = (want);                                       \
    CHECK(got_ == want_, "%s is %llu, not %llu", #got, (unsigned long long)got_, \
          (unsigned long long)want_);                                            \
  } while (0)

enum order { FORWARD, ALTERNATE, UNIFORM };

struct command {
  volatile uint32_t go, done;
  uint8_t* arena;
  uint64_t first, count, rounds; /* pages */
  enum order order;
  int write;
  uint64_t ticks; /* the answer: how long it took */
};

struct worker {
  pid_t pid;
  struct command* command;
  uint8_t* arena; /* its address in the worker */
  uint64_t pages;
};

/* A worker with an arena of `pages` untouched pages. It belongs to no instance yet. */
struct worker worker_start(uint64_t pages);
/* Touches pages [first, first + count) of the arena, `rounds` times; returns how long it took. */
uint64_t worker_touch(struct worker* worker, uint64_t first, uint64_t count, uint64_t rounds,
                      enum order order, int write);
void worker_end(struct worker* worker);

#endif
