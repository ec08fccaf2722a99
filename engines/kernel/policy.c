// SPDX-License-Identifier: GPL-2.0
/*
 * The policies that are registered. First in, first out is built in, and is what an instance has as long as no module provides
 * "fifo".
 */
#define pr_fmt(fmt) "dime: " fmt

#include <linux/kmod.h>
#include <linux/slab.h>
#include <dime/replacement.h>

#include "shim.h"

struct dk_policy {
	struct list_head node;
	const struct page_replacement_policy_struct *policy;
	unsigned int users;
};

static LIST_HEAD(dk_policies);
static DEFINE_MUTEX(dk_policies_lock);

/* FIFO, which needs no module. */
static struct dk_policy dk_builtin;

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

static int dk_policy_check(const struct page_replacement_policy_struct *policy, u32 abi)
{
	if (!policy || !policy->name) {
		pr_err("a policy without a name is refused\n");
		return -EINVAL;
	}
	if (abi != DIME_POLICY_ABI) {
		pr_err("policy %s refused: it was compiled for version %u of the interface, and this is version %u\n", policy->name, abi,
		       DIME_POLICY_ABI);
		return -EPROTO;
	}
	if (!policy->owner || !policy->add_page || !policy->clean || (policy->victim && !policy->remove_page)) {
		pr_err("policy %s refused: it needs an owner, add_page and clean, and remove_page with victim\n", policy->name);
		return -EINVAL;
	}
	if (policy->state_bytes > DIME_POLICY_STATE_BYTES || policy->page_bytes > DIME_POLICY_PAGE_BYTES ||
	    policy->parameter_count > DIME_POLICY_PARAMETERS) {
		pr_err("policy %s refused: allowed are %u bytes of state, %u bytes a page and %u parameters\n", policy->name,
		       DIME_POLICY_STATE_BYTES, DIME_POLICY_PAGE_BYTES, DIME_POLICY_PARAMETERS);
		return -EINVAL;
	}
	return 0;
}

int dime_register_policy(const struct page_replacement_policy_struct *policy, u32 abi)
{
	struct dk_policy *entry;
	int err = dk_policy_check(policy, abi);

	if (err)
		return err;
	entry = kzalloc(sizeof(*entry), GFP_KERNEL);
	if (!entry)
		return -ENOMEM;
	entry->policy = policy;
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
EXPORT_SYMBOL_GPL(dime_register_policy);

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

struct dk_policy *dk_policy_get(const char *text)
{
	char name[DIME_NAME_BYTES];
	struct dk_policy *entry;

	strscpy(name, text, sizeof(name));
	name[strcspn(name, ",:")] = 0;
	entry = dk_policy_try(name);
	if (entry)
		return entry;
	if (!strcmp(name, "fifo")) {
		dk_builtin.policy = dk_core_fifo();
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

const struct dime_policy_ops *dk_policy_ops(const struct dk_policy *entry)
{
	return entry->policy;
}
