/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Replacement policies as kernel modules.
 *
 * A policy module fills in a struct page_replacement_policy_struct, which is struct dime_policy_ops of <dime/policy.h> and
 * has its contract there, and registers it; examples/policy-module/ is a complete one. Mandatory are @owner, @name, @add_page
 * and @clean. All operations are called with a spinlock held: they must not sleep.
 */
#ifndef DIME_REPLACEMENT_H
#define DIME_REPLACEMENT_H

#include <linux/module.h>
#include <dime/policy.h>

/* The name that the original had for it. */
#define page_replacement_policy_struct dime_policy_ops

/* What register_page_replacement_policy() calls, with the version that the module was compiled for. */
int dime_register_policy(const struct page_replacement_policy_struct *policy, u32 abi);

/**
 * register_page_replacement_policy() - make a policy available as ``policy=NAME``
 * @policy: stays in place until it is deregistered
 *
 * Return: 0; -EINVAL if a mandatory member is missing, @remove_page with @victim, or too much memory is asked for; -EEXIST
 * if the name is taken; -ENOMEM; -EPROTO if the module was compiled for another version of the interface.
 */
static inline int register_page_replacement_policy(const struct page_replacement_policy_struct *policy)
{
	return dime_register_policy(policy, DIME_POLICY_ABI);
}

/**
 * deregister_page_replacement_policy() - take a policy back
 * @policy: what was registered
 *
 * Return: 0; -ENOENT if it is not registered; -EBUSY while an instance uses it, which cannot happen in a module's exit, as
 * users hold a reference to the module.
 */
int deregister_page_replacement_policy(const struct page_replacement_policy_struct *policy);

#endif
