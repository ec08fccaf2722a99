/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The replacement-policy interface of every engine: one struct for built-in policies, kernel modules and shared objects.
 *
 * A policy ranks the local pages of one limit and never touches one. It sees pages as 32-bit ids. add_page and clean are
 * mandatory, everything else may be left out: a policy without victim is told of pages and decides nothing, and they go in
 * the order in which they came.
 *
 * Every operation takes O(1), amortised, may be called with locks held, and must not block. Calls for one state are
 * serialised by the engine; different limits have different states.
 *
 * Life of a state: init, then the other operations in any order, then clean. When an instance changes its policy, every
 * local page leaves the old one (DIME_LEAVE_SWITCHED), in the old one's order, and enters the new one.
 *
 * docs/writing-a-policy.md has a whole policy.
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

#define DIME_POLICY_ABI 2u               /* of this interface; others are refused */
#define DIME_POLICY_SYMBOL "dime_policy" /* the struct dime_policy_ops that a shared object exports */
#define DIME_NO_PAGE UINT32_MAX          /* stands for no page */
#define DIME_POLICY_STATE_BYTES 256u     /* the most that a policy may ask for; what is larger it allocates */
#define DIME_POLICY_PAGE_BYTES 64u       /* the same with a page */
#define DIME_POLICY_PARAMETERS 8u        /* that a policy may have */

/* Why a page became local. */
enum dime_enter {
	DIME_ENTER_FIRST_TOUCH = 0,
	DIME_ENTER_DEMAND = 1,   /* fetched, because it was touched */
	DIME_ENTER_PREFETCH = 2, /* fetched, and not touched yet */
	DIME_ENTER_ADOPTED = 3,  /* found local: touched before the engine managed it, or brought back without a fault */
	DIME_ENTER_MOVED = 4,    /* the program moved it; it was `from` before */
	DIME_ENTER_RETIERED = 5, /* it belonged to another limit */
	DIME_ENTER_SWITCHED = 6, /* another policy had it */
	DIME_ENTER_RETURNED = 7  /* it left as evicted just now, but could not be evicted */
};

/* Why a page is local no more. The first three are evictions. */
enum dime_leave {
	DIME_LEAVE_EVICTED = 0, /* whether it was written to is not known (yet) */
	DIME_LEAVE_CLEAN = 1,
	DIME_LEAVE_DIRTY = 2,
	DIME_LEAVE_DROPPED = 3, /* unmapped, or given back by the program */
	DIME_LEAVE_PINNED = 4,  /* it is local for good, outside the limit */
	DIME_LEAVE_MOVED = 5,
	DIME_LEAVE_RETIERED = 6,
	DIME_LEAVE_SWITCHED = 7
};

/* How a page was touched. */
enum dime_access { DIME_ACCESS_UNKNOWN = 0, DIME_ACCESS_READ = 1, DIME_ACCESS_WRITE = 2 };

/* Answers of test_and_clear_accessed. */
enum dime_accessed { DIME_ACCESSED_UNKNOWN = -1, DIME_ACCESSED_NO = 0, DIME_ACCESSED_YES = 1 };

/* What a policy needs (dime_policy_ops.needs), and what an engine can see (dime_policy_host.sees). */
#define DIME_SEES_ACCESSED (1u << 0) /* whether a local page was accessed lately */
#define DIME_SEES_ACCESSES (1u << 1) /* each access, as it happens: `touched` is called */
#define DIME_SEES_FUTURE (1u << 2)   /* when a page will be accessed next */

/* dime_policy_ops.flags */
#define DIME_POLICY_ARRIVAL_ORDER (1u << 0) /* first in, first out: the engine keeps that order itself, and calls nothing */
#define DIME_POLICY_GHOSTS (1u << 1)        /* keeps what it knows of evicted pages; has `forget` */

#define DIME_NEVER UINT64_MAX /* a page that is not used again */

/* What the operation that runs is about. */
struct dime_event {
	uint32_t page;   /* that enters, leaves or was touched; of victim and select, for which room is wanted, or DIME_NO_PAGE */
	uint32_t from;   /* DIME_ENTER_MOVED: the page that it was before, whose bytes are still there; else DIME_NO_PAGE */
	uint8_t why;     /* enum dime_enter or dime_leave */
	uint8_t access;  /* enum dime_access */
	uint8_t tier; /* index of the tier of the page */
	uint8_t known;   /* 1: the page's bytes are as this policy left them when the page was evicted */
	uint32_t thread; /* that faults, 0 = not known */
	uint64_t time_ns;  /* of the engine's clock; the simulator counts accesses */
	uint64_t next_use; /* where DIME_SEES_FUTURE: the time of the next access to `page`, or DIME_NEVER */
};

/* What a policy that asks for no other size may keep with a page. The names are for lists; any other use is as good. */
struct dime_policy_page {
	uint32_t next; /* page behind it in the policy's list */
	uint32_t prev; /* page before it in the policy's list */
	uint64_t word; /* for whatever the policy wants */
};

/* What an instance offers to its policy. Owned by the engine; valid from init to clean. */
struct dime_policy_host {
	void *context; /* first argument of the functions below */
	/*
	 * The bytes that the policy keeps with a page: page_bytes of them, aligned to 8. Undefined when a page enters, but for
	 * event.known. The policy's own while the page is local and, with DIME_POLICY_GHOSTS, behind its eviction until it is
	 * local again or forgotten.
	 */
	struct dime_policy_page *(*page)(void *context, uint32_t page);
	/* Zeroed memory, or NULL; release takes the same size. */
	void *(*allocate)(void *context, uint64_t bytes);
	void (*release)(void *context, void *block, uint64_t bytes); /* gives back what allocate() gave */
	/* enum dime_accessed: whether a local page was accessed since the last call, which forgets it. */
	int (*test_and_clear_accessed)(void *context, uint32_t page);
	/* The page's address in its process. */
	uint64_t (*address)(void *context, uint32_t page);

	uint64_t limit;             /* how many pages may be local here: up to date in every operation. At least 1 */
	uint64_t resident;          /* how many are in the policy's charge */
	uint64_t seed;              /* makes random choices reproducible */
	const uint64_t *parameters; /* the values of dime_policy_ops.parameters, in their order; during init only */
	uint32_t sees;              /* DIME_SEES_ACCESSED ... */
	uint32_t reserved;          /* 0 */
	struct dime_event event;    /* what the present call is about */
};

/* What a parameter counts. */
enum dime_parameter_unit {
	DIME_UNIT_NUMBER = 0,
	DIME_UNIT_SHARE = 1 /* in 1/100 per cent; written with '%' */
};

/* A parameter of a policy: --policy NAME,PARAMETER=VALUE. */
struct dime_policy_parameter {
	const char *name;    /* as in NAME,PARAMETER=VALUE */
	const char *summary; /* one line for `dime policies` */
	uint64_t otherwise;  /* the default */
	uint64_t least;      /* smallest value */
	uint64_t most;       /* largest value */
	uint32_t unit;       /* enum dime_parameter_unit */
};

struct module;

/* A policy. */
struct dime_policy_ops {
	struct module *owner; /* kernel modules: THIS_MODULE; else NULL */
	const char *name;     /* as in --policy; lower-case letters, digits, '-'; unique */
	const char *summary;  /* one line for `dime policies` */
	const char *source;   /* where it was published, or NULL */
	uint32_t abi;         /* DIME_POLICY_ABI */
	uint32_t needs;       /* DIME_SEES_ACCESSED ...: blind where the engine does not see it */
	uint32_t flags;       /* DIME_POLICY_GHOSTS ... */
	uint32_t state_bytes; /* zeroed memory for each limit, at most DIME_POLICY_STATE_BYTES */
	uint32_t page_bytes;  /* kept with each page, at most DIME_POLICY_PAGE_BYTES; 0 = sizeof(struct dime_policy_page) */
	uint32_t parameter_count; /* of `parameters` */
	const struct dime_policy_parameter *parameters; /* may be null where there are none */

	/* Prepares the state. Returns 0, or -1 without memory, and then nothing else is called. */
	int (*init)(const struct dime_policy_ops *self, void *state, const struct dime_policy_host *host);
	/* A page became local (event.why: enum dime_enter). Returns 0, or -1 without memory: the page is then not evictable. */
	int (*add_page)(void *state, const struct dime_policy_host *host, uint32_t page);
	/* A page is local no more (enum dime_leave). Needed with victim. */
	void (*remove_page)(void *state, const struct dime_policy_host *host, uint32_t page);
	/* The page to evict next, which stays in charge until remove_page; DIME_NO_PAGE without pages. */
	uint32_t (*victim)(void *state, const struct dime_policy_host *host);
	/*
	 * The pages that would go next, best first, if nothing happened in between: at most `most`; returns how many. They stay
	 * in charge, and the order stays as it is. Only where the policy can tell.
	 */
	uint32_t (*select)(void *state, const struct dime_policy_host *host, uint32_t *pages, uint32_t most);
	/* The victim cannot be evicted just now: rank it last. Without it the page leaves and enters again (RETURNED). */
	void (*defer)(void *state, const struct dime_policy_host *host, uint32_t page);
	/* A local page was accessed. Only where the engine sees accesses. */
	void (*touched)(void *state, const struct dime_policy_host *host, uint32_t page);
	/* An evicted page's number is free, or another policy's from now on: nothing may be kept of it. Only with GHOSTS. */
	void (*forget)(void *state, const struct dime_policy_host *host, uint32_t page);
	/* host->limit has changed. Also noticed in any other operation. */
	void (*resize)(void *state, const struct dime_policy_host *host);
	/* Called about ten times a second by engines that have a thread for it; event.time_ns says when. */
	void (*tick)(void *state, const struct dime_policy_host *host);
	/* Releases what was allocated. */
	void (*clean)(void *state, const struct dime_policy_host *host);
};

#ifdef __cplusplus
}
#endif
#endif
