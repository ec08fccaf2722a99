/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The replacement-policy interface of both engines.
 *
 * A policy ranks the local pages of one instance and never touches one. It sees pages as 32-bit ids and may keep 16 bytes
 * with each page that is in its charge. Every operation takes O(1) (victim: amortised) and may be called with locks
 * held: it must not block. Calls for one instance are serialised by the engine; different instances have different state.
 *
 * Life of a policy's state: init, then add_page / remove_page / victim in any order, then clean. When an instance
 * changes its policy, the engine cleans the old one and adds every local page to the new one, oldest first where the
 * old one can tell.
 */
#ifndef DIME_POLICY_H
#define DIME_POLICY_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stdint.h>
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define DIME_POLICY_ABI 1u
#define DIME_NO_PAGE UINT32_MAX
#define DIME_POLICY_STATE_BYTES 256u /* the most that a policy may ask for */

/* What a policy may keep with a page. Undefined when the page enters; nobody else writes it until it leaves. */
struct dime_policy_page {
	uint32_t next;
	uint32_t prev;
	uint64_t word;
};

/* What an instance offers to its policy. Owned by the engine; valid from init to clean. */
struct dime_policy_host {
	void *context;
	/* The record of a page that is in the policy's charge. */
	struct dime_policy_page *(*page)(void *context, uint32_t page);
	/* Zeroed memory, or NULL; release takes the same size. */
	void *(*allocate)(void *context, uint64_t bytes);
	void (*release)(void *context, void *block, uint64_t bytes);
	/* 1 if the page was accessed since the last call, and forgets it; 0 where the engine cannot tell. */
	int (*test_and_clear_accessed)(void *context, uint32_t page);
};

struct dime_policy_ops {
	uint32_t abi; /* DIME_POLICY_ABI */
	uint32_t state_bytes; /* at most DIME_POLICY_STATE_BYTES */
	const char *name;     /* as in --policy; lower-case letters, digits, '-' */
	const char *summary;  /* one line for `dime policies` */

	/* Prepares zeroed state. `seed` makes random choices reproducible. Returns 0, or -1 without memory. */
	int (*init)(void *state, const struct dime_policy_host *host, uint64_t seed);
	/* `page` became local. Returns 0, or -1 without memory: the page is then not evictable. */
	int (*add_page)(void *state, const struct dime_policy_host *host, uint32_t page);
	/* `page` is no longer local: evicted, unmapped, or its process ended. */
	void (*remove_page)(void *state, const struct dime_policy_host *host, uint32_t page);
	/* The page to evict next, which stays in charge until remove_page; DIME_NO_PAGE without pages. */
	uint32_t (*victim)(void *state, const struct dime_policy_host *host);
	/* The victim was refused (pinned): rank it last. */
	void (*defer)(void *state, const struct dime_policy_host *host, uint32_t page);
	/* Releases what init and add_page allocated. */
	void (*clean)(void *state, const struct dime_policy_host *host);
};

#ifdef __cplusplus
}
#endif
#endif
