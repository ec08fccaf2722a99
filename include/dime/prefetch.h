/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The prefetcher interface: one struct for built-in prefetchers and shared objects.
 *
 * A prefetcher is told of the remote accesses of one process and names pages that should be fetched with them. It never
 * touches a page. It sees page numbers of the process's address space (address / 4096), so that neighbours are neighbours.
 * The engine fetches those of them that are remote and leaves the others out. They take room within the limit and bandwidth
 * on the link, and nobody waits for them. The first touch of one is told too: the prefetcher can go on from there.
 *
 * Every operation takes O(1), amortised, may be called with locks held, and must not block. Calls for one state are
 * serialised by the engine; each process has a state of its own, and one more for each tier with `prefetch=`.
 *
 * Life of a state: init, propose as often as wanted, clean. docs/writing-a-policy.md has a whole prefetcher.
 */
#ifndef DIME_PREFETCH_H
#define DIME_PREFETCH_H

#include <dime/policy.h>

#ifdef __cplusplus
extern "C" {
#endif

#define DIME_PREFETCH_ABI 1u                 /* of this interface; others are refused */
#define DIME_PREFETCHER_SYMBOL "dime_prefetcher" /* the struct dime_prefetch_ops that a shared object exports */
#define DIME_PREFETCH_STATE_BYTES 2048u      /* the most that a prefetcher may ask for; what is larger it allocates */
#define DIME_PREFETCH_MOST 32u               /* pages that one call may name, at most an eighth of the limit */
#define DIME_PREFETCH_PARAMETERS 4u          /* that a prefetcher may have */

/* dime_prefetch_ops.flags */
#define DIME_PREFETCH_TAPE (1u << 0) /* needs a recorded order of pages: dime_prefetch_host.tape */

/* What made the engine ask. */
enum dime_prefetch_why {
	DIME_PREFETCH_MISS = 0, /* a remote page was touched, and is fetched */
	DIME_PREFETCH_USED = 1  /* a prefetched page was touched for the first time */
};

/* What a prefetcher is told of a touch. */
struct dime_prefetch_event {
	uint64_t page;    /* that was touched: its number, address / 4096 */
	uint64_t time_ns; /* of the engine's clock; the simulator counts accesses */
	uint32_t thread;  /* that touched it, 0 = not known */
	uint8_t why;      /* enum dime_prefetch_why */
	uint8_t access;   /* enum dime_access */
	uint8_t tier;     /* index of the tier of the page */
	uint8_t reserved; /* 0 */
};

/* What an engine offers to a prefetcher. Owned by the engine; valid from init to clean. */
struct dime_prefetch_host {
	void *context; /* first argument of the functions below */
	/* Zeroed memory, or NULL; release takes the same size. */
	void *(*allocate)(void *context, uint64_t bytes);
	void (*release)(void *context, void *block, uint64_t bytes); /* gives back what allocate() gave */
	const uint64_t *parameters; /* the values of dime_prefetch_ops.parameters, in their order; during init only */
	const uint64_t *tape;       /* with DIME_PREFETCH_TAPE: page numbers in the order in which they were fetched */
	uint64_t tape_pages; /* of `tape` */
	uint64_t limit;             /* how many pages may be local: up to date in every operation */
};

/* A prefetcher. */
struct dime_prefetch_ops {
	struct module *owner;                       /* kernel modules: THIS_MODULE; else NULL */
	const char *name;                           /* as in --prefetch; lower-case letters, digits, '-'; unique */
	const char *summary;                        /* one line for `dime prefetchers` */
	const char *source;                         /* where it was published, or NULL */
	uint32_t abi;                               /* DIME_PREFETCH_ABI */
	uint32_t flags;                             /* DIME_PREFETCH_TAPE ... */
	uint32_t state_bytes;                       /* zeroed memory, at most DIME_PREFETCH_STATE_BYTES */
	uint32_t parameter_count;                   /* of `parameters` */
	const struct dime_policy_parameter *parameters; /* may be null where there are none */

	/* Prepares the state. Returns 0, or -1 without memory, and then nothing else is called. Optional. */
	int (*init)(const struct dime_prefetch_ops *self, void *state, const struct dime_prefetch_host *host);
	/*
	 * A page was touched. Writes the numbers of the pages that should be fetched now, best first, at most `most`; returns
	 * how many. Without it nothing is prefetched.
	 */
	uint32_t (*propose)(void *state, const struct dime_prefetch_host *host, const struct dime_prefetch_event *event,
			    uint64_t *pages, uint32_t most);
	/* Releases what was allocated. Optional. */
	void (*clean)(void *state, const struct dime_prefetch_host *host);
};

#ifdef __cplusplus
}
#endif
#endif
