// SPDX-License-Identifier: GPL-2.0
#include <dime/call.h>
#include <dime/dime.h>
#include <errno.h>
#include <stdint.h>
#include <sys/prctl.h>

static int call(unsigned long operation, const void *address, size_t length, const char *name)
{
	const int before = errno;
	const int answer = prctl(DIME_CALL, operation, (uintptr_t)address, length, name);

	errno = before;
	/* The kernel's own answer is negative: nobody is there. */
	return answer > 0 ? -answer : 0;
}

int dime_place(const void *address, size_t length, const char *tier)
{
	return call(DIME_CALL_PLACE, address, length, tier);
}

int dime_pin(const void *address, size_t length)
{
	return call(DIME_CALL_PLACE, address, length, "local");
}

int dime_mark(const char *phase)
{
	return call(DIME_CALL_MARK, NULL, 0, phase);
}
