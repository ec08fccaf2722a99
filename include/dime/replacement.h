/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Replacement policies as kernel modules.
 *
 * A policy module fills in a struct page_replacement_policy_struct and registers it; examples/policy-module/ is a complete one.
 * A policy ranks pages and never touches one: it sees 32-bit numbers, and what it may keep with each is
 * struct dime_policy_page of <dime/policy.h>, whose text also says what each operation may do.
 */
#ifndef DIME_REPLACEMENT_H
#define DIME_REPLACEMENT_H

#include <linux/module.h>
#include <dime/policy.h>

/**
 * struct page_replacement_policy_struct - the operations of a policy
 * @owner: THIS_MODULE; it cannot be unloaded while an instance uses the policy
 * @name: as in ``policy=NAME``: lower-case letters, digits, '-'; unique
 * @summary: one line for people
 * @state_bytes: zeroed memory that each instance keeps for the policy, at most %DIME_POLICY_MODULE_STATE_BYTES
 * @init: prepares the state; 0, or -1 without memory. Optional
 * @add_page: a page became local; 0, or -1 without memory, and then it is never evicted. Mandatory
 * @remove_page: a page is local no more. Optional
 * @victim: the page to evict next, %DIME_NO_PAGE without pages. Optional: without it pages go in the order in which they came
 * @defer: the victim cannot be evicted just now. Optional
 * @clean: an instance ends its use of the policy: release what was allocated. Mandatory
 *
 * A policy that has @victim keeps the order itself and needs @remove_page too. All operations of one instance are
 * serialised and called with a spinlock held: they must not sleep.
 */
struct page_replacement_policy_struct {
	struct module *owner;
	const char *name;
	const char *summary;
	u32 state_bytes;
	int (*init)(void *state, const struct dime_policy_host *host, u64 seed);
	int (*add_page)(void *state, const struct dime_policy_host *host, u32 page);
	void (*remove_page)(void *state, const struct dime_policy_host *host, u32 page);
	u32 (*victim)(void *state, const struct dime_policy_host *host);
	void (*defer)(void *state, const struct dime_policy_host *host, u32 page);
	void (*clean)(void *state, const struct dime_policy_host *host);
};

#define DIME_POLICY_MODULE_STATE_BYTES 192u

/**
 * register_page_replacement_policy() - make a policy available as ``policy=NAME``
 * @policy: stays in place until it is deregistered
 *
 * Return: 0; -EINVAL if a mandatory operation, the name or the owner is missing, or too much state is asked for; -EEXIST if the name is taken;
 * -ENOMEM.
 */
int register_page_replacement_policy(const struct page_replacement_policy_struct *policy);

/**
 * deregister_page_replacement_policy() - take a policy back
 * @policy: what was registered
 *
 * Return: 0; -ENOENT if it is not registered; -EBUSY while an instance uses it, which cannot happen in a module's exit, as
 * users hold a reference to the module.
 */
int deregister_page_replacement_policy(const struct page_replacement_policy_struct *policy);

#endif
