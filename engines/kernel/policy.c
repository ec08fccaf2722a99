// SPDX-License-Identifier: GPL-2.0
/*
 * The policies that are registered.
 *
 * First in, first out is built in: it is the order for policies that have no @victim of their own, and what an instance has
 * as long as no module provides "fifo". A policy without @victim is run as FIFO whose add_page, remove_page and clean also call the
 * policy's; its state lies behind that of FIFO.
 */
#define pr_fmt(fmt) "dime: " fmt

#include <linux/kmod.h>
#include <linux/slab.h>
#include <dime/replacement.h>

#include "shim.h"

struct dk_policy {
	struct list_head node;
	const struct page_replacement_policy_struct *policy; /* NULL: built in */
	struct dime_policy_ops ops;
	unsigned int users;
};

static LIST_HEAD(dk_policies);
static DEFINE_MUTEX(dk_policies_lock);

static struct dk_policy dk_builtin;

/* ---- policies without an order of their own ---- */

struct dk_ordered {
	const struct page_replacement_policy_struct *policy;
	u8 fifo[40] __aligned(8);
	u8 state[DIME_POLICY_MODULE_STATE_BYTES] __aligned(16);
};

static_assert(sizeof(struct dk_ordered) <= DIME_POLICY_STATE_BYTES);

static int dk_ordered_add(void *state, const struct dime_policy_host *host, uint32_t page)
{
	struct dk_ordered *o = state;
	int err = o->policy->add_page(o->state, host, page);

	return err ? err : dk_core_fifo()->add_page(o->fifo, host, page);
}

static void dk_ordered_remove(void *state, const struct dime_policy_host *host, uint32_t page)
{
	struct dk_ordered *o = state;

	dk_core_fifo()->remove_page(o->fifo, host, page);
	if (o->policy->remove_page)
		o->policy->remove_page(o->state, host, page);
}

static uint32_t dk_ordered_victim(void *state, const struct dime_policy_host *host)
{
	return dk_core_fifo()->victim(((struct dk_ordered *)state)->fifo, host);
}

static void dk_ordered_defer(void *state, const struct dime_policy_host *host, uint32_t page)
{
	dk_core_fifo()->defer(((struct dk_ordered *)state)->fifo, host, page);
}

static void dk_ordered_clean(void *state, const struct dime_policy_host *host)
{
	struct dk_ordered *o = state;

	o->policy->clean(o->state, host);
	dk_core_fifo()->clean(o->fifo, host);
}

/* The policy that is being put to use, for dk_ordered_init(): an operation is not told its policy. Under dk_mutex. */
static const struct page_replacement_policy_struct *dk_starting;

static int dk_ordered_init(void *state, const struct dime_policy_host *host, uint64_t seed)
{
	struct dk_ordered *o = state;

	o->policy = dk_starting;
	dk_core_fifo()->init(o->fifo, host, seed);
	return o->policy->init ? o->policy->init(o->state, host, seed) : 0;
}

static int dk_no_init(void *state, const struct dime_policy_host *host, uint64_t seed)
{
	return 0;
}

static void dk_no_defer(void *state, const struct dime_policy_host *host, uint32_t page)
{
}

static void dk_policy_fill(struct dk_policy *entry)
{
	const struct page_replacement_policy_struct *policy = entry->policy;
	struct dime_policy_ops *ops = &entry->ops;

	ops->abi = DIME_POLICY_ABI;
	ops->name = policy->name;
	ops->summary = policy->summary;
	if (!policy->victim) {
		ops->state_bytes = sizeof(struct dk_ordered);
		ops->init = dk_ordered_init;
		ops->add_page = dk_ordered_add;
		ops->remove_page = dk_ordered_remove;
		ops->victim = dk_ordered_victim;
		ops->defer = dk_ordered_defer;
		ops->clean = dk_ordered_clean;
		return;
	}
	ops->state_bytes = policy->state_bytes;
	ops->init = policy->init ?: dk_no_init;
	ops->add_page = policy->add_page;
	ops->remove_page = policy->remove_page;
	ops->victim = policy->victim;
	ops->defer = policy->defer ?: dk_no_defer;
	ops->clean = policy->clean;
}

/* ---- the registry ---- */

static struct dk_policy *dk_policy_find(const char *name)
{
	struct dk_policy *entry;

	list_for_each_entry(entry, &dk_policies, node)
		if (!strcmp(entry->policy->name, name))
			return entry;
	return NULL;
}

void dk_policies_show(struct seq_file *seq)
{
	struct dk_policy *entry;

	mutex_lock(&dk_policies_lock);
	if (!dk_policy_find("fifo"))
		seq_printf(seq, "registered fifo %s\n", dk_core_fifo()->summary);
	list_for_each_entry(entry, &dk_policies, node)
		seq_printf(seq, "registered %s %s\n", entry->policy->name, entry->policy->summary ?: "");
	mutex_unlock(&dk_policies_lock);
}

int register_page_replacement_policy(const struct page_replacement_policy_struct *policy)
{
	struct dk_policy *entry;
	int err = 0;

	if (!policy || !policy->name || !policy->owner || !policy->add_page || !policy->clean ||
	    (policy->victim && !policy->remove_page) || policy->state_bytes > DIME_POLICY_MODULE_STATE_BYTES) {
		pr_err("policy %s refused: it needs a name, an owner, add_page and clean, remove_page with victim, and at most %u bytes of state\n",
		       policy && policy->name ? policy->name : "without a name", DIME_POLICY_MODULE_STATE_BYTES);
		return -EINVAL;
	}
	entry = kzalloc(sizeof(*entry), GFP_KERNEL);
	if (!entry)
		return -ENOMEM;
	entry->policy = policy;
	dk_policy_fill(entry);
	mutex_lock(&dk_policies_lock);
	if (dk_policy_find(policy->name))
		err = -EEXIST;
	else
		list_add_tail(&entry->node, &dk_policies);
	mutex_unlock(&dk_policies_lock);
	if (err) {
		pr_err("policy %s refused: there is one of this name\n", policy->name);
		kfree(entry);
	}
	return err;
}
EXPORT_SYMBOL_GPL(register_page_replacement_policy);

int deregister_page_replacement_policy(const struct page_replacement_policy_struct *policy)
{
	struct dk_policy *entry;
	int err = 0;

	mutex_lock(&dk_policies_lock);
	entry = dk_policy_find(policy->name);
	if (!entry || entry->policy != policy)
		err = -ENOENT;
	else if (entry->users)
		err = -EBUSY;
	else
		list_del(&entry->node);
	mutex_unlock(&dk_policies_lock);
	if (!err)
		kfree(entry);
	return err;
}
EXPORT_SYMBOL_GPL(deregister_page_replacement_policy);

static struct dk_policy *dk_policy_try(const char *name)
{
	struct dk_policy *entry;

	mutex_lock(&dk_policies_lock);
	entry = dk_policy_find(name);
	if (entry && try_module_get(entry->policy->owner))
		entry->users++;
	else
		entry = NULL;
	mutex_unlock(&dk_policies_lock);
	return entry;
}

struct dk_policy *dk_policy_get(const char *name)
{
	struct dk_policy *entry = dk_policy_try(name);

	if (entry)
		return entry;
	if (!strcmp(name, "fifo")) {
		dk_builtin.ops = *dk_core_fifo();
		return &dk_builtin;
	}
	request_module("dime_%s", name);
	return dk_policy_try(name);
}

void dk_policy_put(struct dk_policy *entry)
{
	if (!entry || entry == &dk_builtin)
		return;
	mutex_lock(&dk_policies_lock);
	entry->users--;
	module_put(entry->policy->owner);
	mutex_unlock(&dk_policies_lock);
}

const struct dime_policy_ops *dk_policy_start(struct dk_policy *entry)
{
	dk_starting = entry->policy;
	/* The core knows its own FIFO by its address, and does what it does without calling it. */
	return entry == &dk_builtin ? dk_core_fifo() : &entry->ops;
}
