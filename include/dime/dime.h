/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a program may tell the emulator about itself: which memory goes to which tier, and where its phases begin.
 *
 * Link with libdime (-ldime). Without an emulator each call does nothing and returns 0, at the cost of one system call that fails.
 * With one, they return 0 or a negative errno, and leave the C library's errno alone. Any thread may call them at any time.
 */
#ifndef DIME_DIME_H
#define DIME_DIME_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The pages that [address, address + length) touches belong to the tier of that name from now on, whatever the rules say, until
 * they are unmapped. "default" is the instance itself. Memory that the emulator does not manage (of files, shared) stays
 * as it is. A forked child places its memory anew.
 * -ENOENT: no such tier. -EINVAL: no such memory. -ENOMEM.
 */
int dime_place(const void *address, size_t length, const char *tier);

/* The same with the tier "local": these pages never become remote; those that are, are here when the call returns. */
int dime_pin(const void *address, size_t length);

/* The phase of that name (up to 31 characters) begins, and the one before it ends. The result lists the phases with their times and
 * counts. */
int dime_mark(const char *phase);

#ifdef __cplusplus
}
#endif
#endif
