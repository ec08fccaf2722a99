// SPDX-License-Identifier: GPL-2.0
/*
 * Links that have a name: instances that give the same one contend for it. A link lives as long as an instance names it.
 */
#include <linux/slab.h>

#include "shim.h"

struct dk_link {
	struct list_head node;
	struct dime_link record;
};

static LIST_HEAD(dk_links);
static DEFINE_MUTEX(dk_links_lock);

struct dk_link *dk_link_get(const char *name)
{
	struct dk_link *link, *found = NULL;

	mutex_lock(&dk_links_lock);
	list_for_each_entry(link, &dk_links, node)
		if (!strcmp(link->record.name, name))
			found = link;
	if (!found) {
		found = kzalloc(sizeof(*found), GFP_KERNEL);
		if (found) {
			found->record.magic = DIME_LINK_MAGIC;
			found->record.abi_version = DIME_ABI_VERSION;
			strscpy(found->record.name, name, DIME_NAME_BYTES);
			list_add(&found->node, &dk_links);
		}
	}
	if (found)
		found->record.users++;
	mutex_unlock(&dk_links_lock);
	return found;
}

void dk_link_put(struct dk_link *link)
{
	if (!link)
		return;
	mutex_lock(&dk_links_lock);
	if (!--link->record.users) {
		list_del(&link->node);
		kfree(link);
	}
	mutex_unlock(&dk_links_lock);
}

struct dime_link *dk_link_record(struct dk_link *link)
{
	return &link->record;
}
