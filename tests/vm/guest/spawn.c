// SPDX-License-Identifier: GPL-2.0
/*
 * Processes that join while they share memory with one that is no member: a child of vfork() before its execve and in the
 * middle of it, and a thread-like process (CLONE_VM) that ends. Their parent, this program, is managed in no case: it can join
 * another instance, which refuses memory that is in one.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest.h"

#define ROUNDS 20
#define STACK 65536

extern char **environ;

static char *const sleeper[] = { "sleep", "1000", NULL };

static void expect_unmanaged(void)
{
	CHECK_EQUAL(config("instance_id=1 local_npages=100 pid=%d", getpid()), 0);
	CHECK_EQUAL(config("instance_id=1 pid=-%d", getpid()), 0);
}

static void end(pid_t child)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

/* The child names itself, on its parent's memory, which stands still meanwhile. */
static void before_exec(void)
{
	unsigned tries = 0;
	pid_t child = vfork();

	if (child == 0) {
		int err = config("instance_id=0 pid=+%d", getpid());

		if (!err)
			execve("/bin/sleep", sleeper, environ);
		_exit(1);
	}
	expect_unmanaged();
	/* The program that it has become is. */
	while (stat_of(0, "managed_pages") == 0 && ++tries < 1000)
		usleep(10000);
	CHECK(tries < 1000, "what the child of vfork() executed is not managed");
	end(child);
}

/* posix_spawn() comes back while the child is still about to exchange its parent's memory for its own. */
static void while_exec(void)
{
	unsigned i;
	pid_t child;

	for (i = 0; i < ROUNDS; i++) {
		CHECK(posix_spawn(&child, "/bin/sleep", NULL, NULL, sleeper, environ) == 0, "posix_spawn");
		CHECK_EQUAL(config("instance_id=0 pid=+%d", child), 0);
		CHECK(stat_of(0, "managed_pages") > 0, "round %u: the child is not managed", i);
		expect_unmanaged();
		end(child);
	}
}

static int join_and_end(void *unused)
{
	return config("instance_id=0 pid=+%d", getpid());
}

/* This program's memory is managed as the child's, and goes with the instance. */
static void shared_for_good(void)
{
	char *stack = malloc(STACK);
	int status;
	pid_t child = clone(join_and_end, stack + STACK, CLONE_VM | SIGCHLD, NULL);

	CHECK(child > 0 && waitpid(child, &status, 0) == child && status == 0, "child: status %d", status);
	CHECK_EQUAL(config("instance_id=0 remove=1"), 0);
	expect_unmanaged();
	free(stack);
}

int main(void)
{
	CHECK_EQUAL(config("instance_id=0 latency_ns=0 bandwidth_bps=0 local_npages=100"), 0);
	CHECK_EQUAL(config("instance_id=1 latency_ns=0 bandwidth_bps=0 local_npages=100"), 0);
	before_exec();
	while_exec();
	shared_for_good();
	CHECK_EQUAL(config("instance_id=1 remove=1"), 0);
	return 0;
}
