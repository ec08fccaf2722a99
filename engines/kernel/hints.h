/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a program says of its memory by prctl: names of ranges, and places, which go before rules.
 *
 * Each is one block of memory without anything to give back but itself, of a fixed size; the shim provides it zeroed. Contract as in
 * bridge.h: everything here is called with the lock of the space's instance held, but for the sizes.
 */
#ifndef DK_SAID_H
#define DK_SAID_H

#include "bridge.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What is kept of each address space: ranges with names, different names among them, and ranges with places. */
#define DK_NAMED_RANGES 256
#define DK_DIFFERENT_NAMES 48
#define DK_PLACED_RANGES 1024
/* As the kernel's, with the closing NUL. */
#define DK_MEMORY_NAME_BYTES 80

struct dk_names;
struct dk_places;

uint64_t dk_names_bytes(void);
struct dk_names *dk_names_create(void *memory);
struct dk_names *dk_names_copy(void *memory, const struct dk_names *from);
/* [begin, end) has this name from now on, or none if it is "". 0, or -1 without room: then it has none. */
int dk_names_set(struct dk_names *names, uint64_t begin, uint64_t end, const char *name);
void dk_names_clear(struct dk_names *names, uint64_t begin, uint64_t end);
void dk_names_move(struct dk_names *names, uint64_t from, uint64_t to, uint64_t bytes);
/* The name at `address`, or ""; [*begin, *end) is cut to where that is so. */
const char *dk_names_at(const struct dk_names *names, uint64_t address, uint64_t *begin, uint64_t *end);

uint64_t dk_places_bytes(void);
struct dk_places *dk_places_create(void *memory);
/* 0, or -1 without room: then nothing has changed. */
int dk_places_set(struct dk_places *places, uint64_t begin, uint64_t end, uint32_t tier);
void dk_places_clear(struct dk_places *places, uint64_t begin, uint64_t end);
void dk_places_move(struct dk_places *places, uint64_t from, uint64_t to, uint64_t bytes);
/* The tier at `address`, or DIME_MAX_TIERS where nothing was said. */
uint32_t dk_places_at(const struct dk_places *places, uint64_t address);
/* The tiers of `old` have the numbers in `fresh` from now on; what was in one that is no more is in none. */
void dk_places_follow(struct dk_places *places, const struct dime_placement *old, const struct dime_placement *fresh);

#ifdef __cplusplus
}
#endif
#endif
