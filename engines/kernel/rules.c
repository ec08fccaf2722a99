// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/dime_rules: tiers and rules of the instances.
 *
 *   instance_id=0
 *   tier far: latency=60us,local=64MiB
 *   place heap: far
 *
 * One write() is the whole of what one instance has from then on, and is applied whole or not at all; a read shows that of all
 * instances in the same form. Rules are asked at first touches, under the instance's lock, while the faulting thread
 * holds its mapping; when they change, the pages of all members are put where they say.
 */
#define pr_fmt(fmt) "dime: " fmt

#include <linux/proc_fs.h>
#include <linux/sched/mm.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "clock.h"
#include "rules.h"
#include "shim.h"

#define DK_RULES_BYTES 16384

/* ---- what rules ask ---- */

static u32 dk_kind(struct vm_area_struct *vma)
{
	const struct mm_struct *mm = vma->vm_mm;

	if (!vma_is_anonymous(vma))
		return DIME_KIND_FILE;
	if (vma->vm_start <= mm->brk && vma->vm_end >= mm->start_brk)
		return DIME_KIND_HEAP;
	if (vma->vm_start <= mm->start_stack && vma->vm_end >= mm->start_stack)
		return DIME_KIND_STACK;
	/* Of libraries nothing says where their data ends. */
	if (vma->vm_start >= (mm->end_data & PAGE_MASK) && vma->vm_end <= PAGE_ALIGN(mm->start_brk))
		return DIME_KIND_BSS;
	return DIME_KIND_ANON;
}

/* The name of the process that @mm belongs to, the same for all its threads. */
static void dk_comm(struct mm_struct *mm, char *comm)
{
	const struct task_struct *owner;

	rcu_read_lock();
	owner = rcu_dereference(mm->owner);
	strscpy(comm, owner ? owner->comm : "", DIME_COMM_BYTES);
	rcu_read_unlock();
}

/*
 * The name that the kernel keeps of the mapping, or an empty one. anon_vma_name() is not exported, and wants mmap_lock;
 * the name changes only while its mapping is locked for writing.
 */
static const char *dk_kernel_name(struct vm_area_struct *vma)
{
#ifdef CONFIG_ANON_VMA_NAME
	if (vma_is_anonymous(vma) && vma->anon_name)
		return vma->anon_name->name;
#endif
	return "";
}

/* REQUIRES: the instance's lock, for its buffer, and that the mapping stays. */
static void dk_facts_of(struct dk_space *space, struct vm_area_struct *vma, struct dk_facts *facts)
{
	struct dk_instance *instance = space->instance;
	const char *path;

	facts->begin = vma->vm_start;
	facts->end = vma->vm_end;
	facts->kind = dk_kind(vma);
	facts->name = dk_kernel_name(vma);
	dk_comm(vma->vm_mm, instance->tiers->comm);
	facts->comm = instance->tiers->comm;
	facts->names = space->names;
	facts->places = space->places;
	if (vma->vm_file && !vma_is_anonymous(vma)) {
		path = file_path(vma->vm_file, instance->tiers->path, sizeof(instance->tiers->path));
		facts->name = IS_ERR(path) ? "" : path;
	}
}

void dk_tiers_choose(struct dk_space *space, struct vm_area_struct *vma, unsigned long address)
{
	struct dk_instance *instance = space->instance;
	struct dime_control *control = instance->control;
	struct dk_facts facts;

	dk_facts_of(space, vma, &facts);
	dk_core_set_tier(instance->core, dk_rules_tier(&control->placement, &facts, address, control->rule_matched));
}

/* ---- a change ---- */

void dk_tiers_replace(struct dk_space *space, struct vm_area_struct *vma, unsigned long start, unsigned long end)
{
	struct dk_instance *instance = space->instance;
	u64 page = start >> PAGE_SHIFT;
	u64 stop = end >> PAGE_SHIFT;
	struct dk_facts facts;

	if (!dk_in_scope(space, vma))
		return;
	while (page < stop) {
		spin_lock(&instance->lock);
		dk_facts_of(space, vma, &facts);
		page = dk_core_replace(instance->core, space->table, &instance->control->placement, &facts,
				       instance->control->rule_matched, page, stop);
		spin_unlock(&instance->lock);
		dk_instance_serve_heap(instance, GFP_KERNEL);
		cond_resched();
	}
}

static void dk_replace_space(struct dk_space *space)
{
	struct vm_area_struct *vma;

	if (!mmget_not_zero(space->mm))
		return;
	mmap_read_lock(space->mm);
	{
		VMA_ITERATOR(vmi, space->mm, 0);

		for_each_vma(vmi, vma)
			dk_tiers_replace(space, vma, vma->vm_start, vma->vm_end);
	}
	mmap_read_unlock(space->mm);
	mmput(space->mm);
}

static void dk_tiers_put(struct dk_tiers *tiers)
{
	int tier;

	for (tier = 0; tiers && tier < DIME_MAX_TIERS; tier++) {
		dk_policy_put(tiers->policies[tier]);
		dk_link_put(tiers->links[tier]);
	}
	kfree(tiers);
}

void dk_tiers_free(struct dk_instance *instance)
{
	dk_tiers_put(instance->tiers);
}

/* How the pages of a tier with a limit of its own are ranked. */
static const char *dk_tier_policy(const struct dk_instance *instance, const struct dime_placement *placement, int tier)
{
	const struct dime_tier *own = &placement->tiers[tier];

	if (tier == DIME_TIER_LOCAL)
		return "fifo";
	return own->own & DIME_OWN_POLICY ? own->policy : instance->control->parameters.policy;
}

/* References to all that @placement names. */
static struct dk_tiers *dk_tiers_get(const struct dk_instance *instance, const struct dime_placement *placement)
{
	struct dk_tiers *tiers = kzalloc(sizeof(*tiers), GFP_KERNEL);
	int tier;

	for (tier = 1; tiers && tier < DIME_MAX_TIERS; tier++) {
		const struct dime_tier *own = &placement->tiers[tier];

		if (tier == DIME_TIER_LOCAL || own->own & DIME_OWN_LOCAL)
			tiers->policies[tier] = dk_policy_get(dk_tier_policy(instance, placement, tier));
		if (own->own & DIME_OWN_LINK)
			tiers->links[tier] = dk_link_get(own->link);
		if ((own->own & DIME_OWN_LOCAL && !tiers->policies[tier]) ||
		    (own->own & DIME_OWN_LINK && !tiers->links[tier])) {
			pr_err("tier %s: no such policy, or no memory\n", own->name);
			dk_tiers_put(tiers);
			return NULL;
		}
	}
	return tiers;
}

/* The rankings of the tiers that have their own. */
static int dk_tiers_start(struct dk_instance *instance, const struct dk_tiers *tiers,
			  const struct dime_placement *placement)
{
	int tier, err = 0;

	for (tier = 1; tier < DIME_MAX_TIERS && !err; tier++)
		if (tiers->policies[tier])
			err = dk_instance_start_policy(instance, tier, tiers->policies[tier],
						       dk_tier_policy(instance, placement, tier));
	return err;
}

int dk_tiers_follow_policy(struct dk_instance *instance)
{
	const struct dime_control *control = instance->control;
	struct dk_policy *policy;
	int tier, err = 0;

	for (tier = 1; instance->tiers && tier < DIME_TIER_LOCAL && !err; tier++) {
		if ((control->placement.tiers[tier].own & (DIME_OWN_LOCAL | DIME_OWN_POLICY)) != DIME_OWN_LOCAL)
			continue;
		policy = dk_policy_get(control->parameters.policy);
		if (!policy)
			return -ENOENT;
		err = dk_instance_start_policy(instance, tier, policy, control->parameters.policy);
		if (!err)
			swap(policy, instance->tiers->policies[tier]);
		dk_policy_put(policy);
	}
	return err;
}

/* What programs have placed keeps its tiers, by their names. REQUIRES: the instance's lock. */
static void dk_places_follow_all(struct dk_instance *instance, const struct dime_placement *fresh)
{
	struct dk_space *space;
	unsigned long index;

	for (index = 0; (space = dk_space_next(instance, &index)); index++) {
		if (space->places)
			dk_places_follow(space->places, &instance->control->placement, fresh);
		dk_space_put(space);
	}
}

static int dk_rules_apply(struct dk_instance *instance, const struct dime_placement *placement)
{
	struct dime_link *links[DIME_MAX_TIERS] = {};
	struct dk_tiers *tiers = dk_tiers_get(instance, placement), *old = instance->tiers;
	struct dk_space *space;
	unsigned long index;
	int tier;

	if (!tiers)
		return -ENOENT;
	if (dk_tiers_start(instance, tiers, placement)) {
		/* What has a new ranking keeps it, so its policy has to stay. */
		pr_err("no memory for the tiers' policies\n");
		return -ENOMEM;
	}
	for (tier = 1; tier < DIME_MAX_TIERS; tier++) {
		/* A set that is not used now keeps the ranking it had. */
		if (old && !tiers->policies[tier])
			swap(tiers->policies[tier], old->policies[tier]);
		if (tiers->links[tier])
			links[tier] = dk_link_record(tiers->links[tier]);
		else if (placement->tiers[tier].own & DIME_OWN_BANDWIDTH)
			links[tier] = &instance->control->tier_uses[tier].link;
	}
	spin_lock(&instance->lock);
	dk_places_follow_all(instance, placement);
	instance->control->placement = *placement;
	memset(instance->control->rule_matched, 0, sizeof(instance->control->rule_matched));
	dk_core_use_tiers(instance->core, placement, links);
	instance->tiers = tiers;
	spin_unlock(&instance->lock);
	for (index = 0; (space = dk_space_next(instance, &index)); index++) {
		dk_replace_space(space);
		dk_space_put(space);
	}
	dk_instance_note_limits(instance);
	dk_instance_trim(instance);
	/* No page is in a set of the old policies any more: each set has the new one. */
	dk_tiers_put(old);
	return 0;
}

int dk_tiers_use(struct dk_instance *instance)
{
	return instance->tiers ? 0 : dk_rules_apply(instance, &instance->control->placement);
}

static ssize_t dk_rules_proc_write(struct file *file, const char __user *from, size_t count, loff_t *position)
{
	struct dime_placement *placement = NULL;
	struct dk_instance *instance;
	char message[DK_RULES_MESSAGE];
	char *text;
	int err;
	u32 id;

	if (!dk_may_configure())
		return -EPERM;
	if (count > DK_RULES_BYTES)
		return -E2BIG;
	text = memdup_user_nul(from, count);
	if (IS_ERR(text))
		return PTR_ERR(text);
	placement = kvzalloc(sizeof(*placement), GFP_KERNEL_ACCOUNT);
	err = placement ? 0 : -ENOMEM;
	if (!err) {
		mutex_lock(&dk_mutex);
		err = dk_rules_read(text, count, &id, placement, message) ? -EINVAL : 0;
		instance = err ? NULL : dk_instance_find(id);
		if (err)
			pr_err("%s\n", message);
		else if (!instance)
			pr_err("instance_id=%u: no such instance\n", id);
		err = err ? err : !instance ? -ENOENT : dk_rules_apply(instance, placement);
		mutex_unlock(&dk_mutex);
	}
	kvfree(placement);
	kfree(text);
	return err ? err : count;
}

static int dk_rules_proc_show(struct seq_file *seq, void *unused)
{
	struct dk_instance *instance;
	char *text = kvmalloc(DK_RULES_BYTES, GFP_KERNEL);

	if (!text)
		return -ENOMEM;
	mutex_lock(&dk_mutex);
	list_for_each_entry(instance, &dk_instances, node) {
		dk_rules_write(instance->id, &instance->control->placement, text, DK_RULES_BYTES);
		seq_puts(seq, text);
	}
	mutex_unlock(&dk_mutex);
	kvfree(text);
	return 0;
}

static int dk_rules_proc_open(struct inode *inode, struct file *file)
{
	if (file->f_mode & FMODE_WRITE && !dk_may_configure())
		return -EPERM;
	return single_open(file, dk_rules_proc_show, NULL);
}

static const struct proc_ops dk_rules_ops = {
	.proc_open = dk_rules_proc_open,
	.proc_read = seq_read,
	.proc_write = dk_rules_proc_write,
	.proc_lseek = seq_lseek,
	.proc_release = single_release,
};

int dk_rules_init(void)
{
	return proc_create("dime_rules", 0600, NULL, &dk_rules_ops) ? 0 : -ENOMEM;
}

void dk_rules_exit(void)
{
	remove_proc_entry("dime_rules", NULL);
}
