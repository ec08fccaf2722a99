/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The border between the shim, which is C and knows the kernel, and the core, which is C++ and knows DiME.
 *
 * Functions dk_core_* are implemented in C++ and never sleep; where nothing else is said they are called with the lock of
 * the instance held. Functions dk_shim_* are implemented in C and called by the core under that lock. Times are
 * nanoseconds of dk_now(). Included by both languages, so it names no kernel type.
 */
#ifndef DK_BRIDGE_H
#define DK_BRIDGE_H

#include <dime/abi.h>
#include <dime/policy.h>

#ifdef __cplusplus
extern "C" {
#endif

struct dk_core;     /* the core's instance, opaque to C */
struct dk_table;    /* the core's pages of one address space, opaque to C */
struct dk_instance; /* the shim's instance, opaque to C++ */
struct dk_batch;    /* pages that were closed and still have to be flushed, opaque to C++ */

/* What a page-table entry says about a page. */
enum dk_entry {
	DK_ENTRY_NONE,   /* nothing is mapped */
	DK_ENTRY_OPEN,   /* present: an access does not fault */
	DK_ENTRY_CLOSED, /* present, and made inaccessible by this module */
	DK_ENTRY_OTHER,  /* swapped out, migrating, closed by somebody else, or huge: the kernel's business */
};

/* What is to be done about a fault. */
enum dk_verdict {
	DK_LET_PASS,    /* nothing to emulate: the kernel's handler does it all */
	DK_FIRST_TOUCH, /* wait until ready_ns, then open the page (or let the kernel map it); finish or abandon */
	DK_REMOTE,      /* the same, but the page exists */
	DK_JOINED,      /* another thread fetches it: wait while *state is DK_STATE_IN_FLIGHT */
	DK_REOPEN,      /* recorded as local but closed: open it without a stall */
	DK_AGAIN,       /* no room just now: flush the batch and ask again; `kind` says whether fetches will make some */
	DK_NO_MEMORY,   /* the heap was short: refill it and ask again */
};

/* State of a page whose fetch is under way, for *dk_fault.state. */
#define DK_STATE_IN_FLIGHT 3

/* One fault between dk_core_fault() and dk_core_finish() or dk_core_abandon(). */
struct dk_fault {
	uint32_t verdict; /* enum dk_verdict */
	uint32_t page;    /* id of the page in the instance */
	uint32_t kind;    /* the core's; with DK_AGAIN: 1 if room is held for pages that are being fetched */
	uint32_t force;   /* in: let the page in above the limit */
	uint64_t at_ns;   /* in: when the thread faulted */
	uint64_t ready_ns; /* the earliest time at which the access may proceed */
	const uint8_t *state; /* with DK_JOINED only */
};

/* What became of a page that the core told the shim to close. */
enum dk_closed { DK_CLOSED_DIRTY, DK_CLOSED_CLEAN, DK_CLOSED_GONE, DK_CLOSED_REFUSED, DK_CLOSED_BUSY };

/* ---- C++, called by C ---------------------------------------------------------------------------------------- */

/* How much memory a core and a table take; the shim provides it zeroed, aligned to 16 bytes. No lock needed. */
uint64_t dk_core_bytes(void);
uint64_t dk_core_table_bytes(void);

/* Makes a core at `memory` over the records in `control`. Nobody else sees it yet, so no lock is needed. */
struct dk_core *dk_core_create(void *memory, struct dk_instance *instance, struct dime_control *control);
/* REQUIRES: no tables left; nobody else uses the core any more. */
void dk_core_destroy(struct dk_core *core);

/*
 * Of the instance itself, tier 0, or of a tier's own local set. @text is what was asked for, with the parameters of @ops. 0, or -1
 * without memory, and then nothing changed.
 */
int dk_core_use_policy(struct dk_core *core, uint32_t tier, const struct dime_policy_ops *ops, const char *text);
/* 0 if @text, which begins with the name of @ops, has parameters that the policy has, and it is not blind in this engine. */
int dk_core_check_policy(const struct dime_policy_ops *ops, const char *text);
/* The core's own first-in-first-out policy. */
const struct dime_policy_ops *dk_core_fifo(void);
void dk_core_use_link(struct dk_core *core, struct dime_link *link);

/* The limit in pages that holds now. */
uint64_t dk_core_limit(struct dk_core *core);

struct dk_table *dk_core_table_create(void *memory, struct dk_core *core, uint32_t space);
/* Forgets what is left in the table and gives its memory back. */
void dk_core_table_destroy(struct dk_core *core, struct dk_table *table);

/* A thread faulted on `page` (address >> 12), whose entry is `entry`. Fills in `fault`. */
void dk_core_fault(struct dk_core *core, struct dk_table *table, uint64_t page, enum dk_entry entry,
		   struct dk_batch *batch, struct dk_fault *fault);
/* The page is open. `stall` is what the thread waited, as it sees it. */
void dk_core_finish(struct dk_core *core, const struct dk_fault *fault, uint64_t stall);
/* The page was not opened. */
void dk_core_abandon(struct dk_core *core, const struct dk_fault *fault);

/*
 * A page whose entry is `entry` was found without a fault: one that was there before the process became a member, or that
 * the kernel moved here. An open one becomes local while there is room, and remote where not: then the caller closes it.
 * Returns the enum dk_adopted.
 */
enum dk_adopted { DK_ADOPTED_KNOWN, DK_ADOPTED_LOCAL, DK_ADOPTED_CLOSE, DK_ADOPTED_NO_MEMORY };
enum dk_adopted dk_core_adopt(struct dk_core *core, struct dk_table *table, uint64_t page, enum dk_entry entry);

/*
 * Calls dk_shim_visit() for each page of the first populated 2 MiB of [first, end) that is not untouched or in flight.
 * Returns the page to go on with; `end` when all were visited.
 */
uint64_t dk_core_visit(struct dk_core *core, struct dk_table *table, uint64_t first, uint64_t end, void *context);
/* The page was unmapped or dropped. */
void dk_core_forget(struct dk_core *core, uint32_t page);
/* The page was opened by somebody else and stays open: local, whatever the limit says. */
void dk_core_came_home(struct dk_core *core, struct dk_table *table, uint64_t page);
/* The state of a page: true if remote, false if local, in flight or unknown. */
int dk_core_is_remote(struct dk_core *core, struct dk_table *table, uint64_t page);

/* 1 while the instance, or a tier, has more local pages than its limit. */
int dk_core_over(struct dk_core *core);
/* Evicts up to `most` pages while the instance is above its limit. Returns how many went. */
uint64_t dk_core_trim(struct dk_core *core, uint64_t now, uint64_t most, struct dk_batch *batch);

enum dk_pids { DK_PIDS_REPLACE, DK_PIDS_ADD, DK_PIDS_REMOVE };

/* Why the shim refuses what a string asks for; the core turns it into a message. */
enum dk_refusal {
	DK_REFUSE_NOTHING,
	DK_REFUSE_POLICY,
	DK_REFUSE_PROCESS,
	DK_REFUSE_TAKEN,
	DK_REFUSE_NO_MEMBER,
	DK_REFUSE_KERNEL_THREAD,
};

/* What a configuration string asks of the shim; dk_config_apply() does the rest. */
struct dk_plan {
	uint32_t instance_id;
	int32_t remove;
	int32_t keep;           /* -1 = as it is */
	uint32_t pid_operation; /* enum dk_pids */
	uint32_t pid_count;     /* 0 = no change */
	uint32_t reserved;
	const uint32_t *pids;
	const char *policy; /* NULL = as it is */
	const char *link;   /* likewise; "" = the instance's own */
	const char *refused_key; /* why the string is refused: its key, "" where it has none, */
	uint32_t refused_reason; /* dime::config::Reason, */
	char message[508];       /* and one line */
};

/* Defaults of a new instance's records. REQUIRES: zeroed memory. */
void dk_config_defaults(struct dime_control *control);

/* Memory that dk_config_read() works in; the plan points into it. */
uint64_t dk_config_scratch_bytes(void);
/* Reads and checks `text`, asking the shim. 0, or -1 with plan->message. No lock of an instance is held. */
int dk_config_read(const char *text, uint32_t length, void *scratch, struct dk_plan *plan);
/* Puts what the string in `scratch` asks for into the records, whose instance is locked; a schedule starts at `now`. */
void dk_config_apply(const void *scratch, struct dime_control *control, uint64_t now);
/* The parameters as lines of a key and a value; returns their length, which may be more than `size`. */
uint64_t dk_config_show(const struct dime_parameters *parameters, char *buffer, uint64_t size);
/* The lines of the table; each returns its length, which may be more than `size`. */
uint64_t dk_config_header(char *buffer, uint64_t size);
uint64_t dk_config_row(const struct dime_parameters *parameters, uint32_t id, uint64_t limit, uint64_t faults,
		       const uint32_t *pids, uint32_t pid_count, char *buffer, uint64_t size);

/* ---- C, called by C++ ---------------------------------------------------------------------------------------- */

/* Zeroed memory or NULL; release takes any block back. */
void *dk_shim_allocate(struct dk_instance *instance, uint64_t bytes);
void dk_shim_release(struct dk_instance *instance, void *block, uint64_t bytes);

/* Makes `page` of address space `space` inaccessible and puts it into `batch`. */
enum dk_closed dk_shim_close(struct dk_instance *instance, uint32_t space, uint64_t page, struct dk_batch *batch);
/* Whether the page was accessed since the last call, which forgets it: enum dime_accessed. */
int dk_shim_accessed(struct dk_instance *instance, uint32_t space, uint64_t page);
void dk_shim_visit(void *context, uint32_t id, uint64_t page, int remote);

/* The parameters of an instance, or NULL; `*next_id` becomes one above the highest id that there is. */
const struct dime_parameters *dk_shim_parameters(uint32_t id, uint32_t *next_id);
/* The rest of the validator; each returns an enum dk_refusal. */
int dk_shim_check_policy(const char *text);
int dk_shim_check_pid(uint32_t instance_id, uint32_t operation, uint32_t pid);

#ifdef __cplusplus
}
#endif
#endif
