/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The border between the shim and the core for tiers and rules; contract as in bridge.h.
 */
#ifndef DK_RULES_H
#define DK_RULES_H

#include "bridge.h"
#include "hints.h"

#ifdef __cplusplus
extern "C" {
#endif

#define DK_RULES_MESSAGE 256

/* What rules ask about a mapping. The strings are closed by a NUL. */
struct dk_facts {
	uint64_t begin;
	uint64_t end;
	uint32_t kind; /* enum dime_kind */
	uint32_t reserved;
	const char *name;
	const char *comm;
	const struct dk_names *names;   /* of the process' memory, by itself, where the mapping has none; NULL = none */
	const struct dk_places *places; /* go before all rules; NULL = none */
};

/*
 * Reads a text of lines: `instance_id=N`, then any number of `tier TIER` and `place RULE`. 0, or -1 with a line for a person in
 * `message`. No lock needed.
 */
int dk_rules_read(const char *text, uint32_t length, uint32_t *instance_id, struct dime_placement *placement,
		  char *message);
/* The same text for what an instance has; returns its length, which may exceed what fits. */
uint64_t dk_rules_write(uint32_t instance_id, const struct dime_placement *placement, char *buffer, uint64_t size);

/* The tier called `name`, or DIME_MAX_TIERS. */
uint32_t dk_rules_find_tier(const struct dime_placement *placement, const char *name);

/* The tier of `address` in the mapping. Sets the flag of the rule that matched. */
uint32_t dk_rules_tier(const struct dime_placement *placement, const struct dk_facts *facts, uint64_t address,
		       uint32_t *matched);

/* ---- on a core, under the lock of its instance ---- */

/* A remote page was opened for good: local from now on. */
void dk_core_bring_home(struct dk_core *core, uint32_t page);
/* Of the next page that the core sees for the first time. */
void dk_core_set_tier(struct dk_core *core, uint32_t tier);
/* Reads from the placement which tiers have a local set of their own; `links` has an entry for each tier, NULL = the instance's. */
void dk_core_use_tiers(struct dk_core *core, const struct dime_placement *placement, struct dime_link *const *links);
/* Puts the known pages of the first populated 2 MiB of [first, end), in pages, where rules say. Returns the page to go on with. */
uint64_t dk_core_replace(struct dk_core *core, struct dk_table *table, const struct dime_placement *placement,
			 const struct dk_facts *facts, uint32_t *matched, uint64_t first, uint64_t end);

#ifdef __cplusplus
}
#endif
#endif
