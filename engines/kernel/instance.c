// SPDX-License-Identifier: GPL-2.0
/*
 * Instances: the records, the core over them, and what they share with others (policy, link).
 */
#define pr_fmt(fmt) "dime: " fmt

#include <linux/delay.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "clock.h"
#include "rules.h"
#include "shim.h"

DEFINE_MUTEX(dk_mutex);
LIST_HEAD(dk_instances);
unsigned long dk_floor_ns;

/* Without the member slots, which the kernel engine has no use for. */
#define DK_CONTROL_BYTES offsetof(struct dime_control, members)

struct dk_instance *dk_instance_find(u32 id)
{
	struct dk_instance *instance;

	list_for_each_entry(instance, &dk_instances, node)
		if (instance->id == id)
			return instance;
	return NULL;
}

static void dk_control_init(struct dime_control *control, u32 id)
{
	dk_config_defaults(control);
	control->magic = DIME_CONTROL_MAGIC;
	control->bytes = DK_CONTROL_BYTES;
	control->engine = DIME_ENGINE_KERNEL;
	control->instance_id = id;
	control->created_ns = ktime_get_ns();
	control->link.users = 1;
}

/* Each has some 330 KB of kernel memory. */
#define DK_MAX_INSTANCES 256

static void dk_instance_free(struct dk_instance *instance)
{
	if (instance->core)
		dk_core_destroy(instance->core);
	dk_heap_destroy(&instance->heap);
	dk_policy_put(instance->policy);
	dk_link_put(instance->link);
	dk_process_stats_destroy(instance);
	put_pid(instance->owner);
	dk_tiers_free(instance);
	kvfree(instance->control);
	xa_destroy(&instance->spaces);
	kvfree(instance);
}

struct dk_instance *dk_instance_create(u32 id)
{
	struct dk_instance *instance;
	int err;

	if (list_count_nodes(&dk_instances) >= DK_MAX_INSTANCES)
		return ERR_PTR(-EUSERS);
	instance = kvzalloc(sizeof(*instance) + dk_core_bytes(), GFP_KERNEL_ACCOUNT);
	if (!instance)
		return ERR_PTR(-ENOMEM);
	kref_init(&instance->refs);
	instance->id = id;
	spin_lock_init(&instance->lock);
	dk_heap_init(&instance->heap);
	xa_init_flags(&instance->spaces, XA_FLAGS_ALLOC);
	INIT_LIST_HEAD(&instance->processes);
	INIT_LIST_HEAD(&instance->usages);
	instance->control = kvzalloc(DK_CONTROL_BYTES, GFP_KERNEL_ACCOUNT);
	if (!instance->control) {
		dk_instance_free(instance);
		return ERR_PTR(-ENOMEM);
	}
	dk_control_init(instance->control, id);
	instance->core = dk_core_create(instance->core_memory, instance, instance->control);
	err = dk_instance_use_policy(instance, "fifo");
	if (err) {
		dk_instance_free(instance);
		return ERR_PTR(err);
	}
	list_add_tail(&instance->node, &dk_instances);
	return instance;
}

void dk_instance_get(struct dk_instance *instance)
{
	kref_get(&instance->refs);
}

/* The last reference may go in a tracepoint, where nothing can be freed that came from vmalloc. */
static void dk_instance_free_work(struct work_struct *work)
{
	dk_instance_free(container_of(work, struct dk_instance, free));
}

static void dk_instance_release(struct kref *refs)
{
	struct dk_instance *instance = container_of(refs, struct dk_instance, refs);

	INIT_WORK(&instance->free, dk_instance_free_work);
	dk_queue_work(&instance->free);
}

void dk_instance_put(struct dk_instance *instance)
{
	kref_put(&instance->refs, dk_instance_release);
}

void dk_instance_remove(struct dk_instance *instance)
{
	dk_process_leave_all(instance);
	dk_spaces_detach_all(instance);
	list_del(&instance->node);
	dk_instance_put(instance);
}

static bool dk_owner_lives(const struct dk_instance *instance)
{
	bool lives;

	rcu_read_lock();
	lives = instance->owner && pid_task(instance->owner, PIDTYPE_TGID);
	rcu_read_unlock();
	return lives;
}

void dk_instance_set_keep(struct dk_instance *instance, bool keep)
{
	instance->control->keep = keep;
	if (keep || dk_owner_lives(instance))
		return;
	put_pid(instance->owner);
	instance->owner = get_pid(task_tgid(current));
}

void dk_instances_reap(void)
{
	struct dk_instance *instance, *next;

	list_for_each_entry_safe(instance, next, &dk_instances, node)
		if (!instance->control->keep && list_empty(&instance->processes) && !dk_owner_lives(instance))
			dk_instance_remove(instance);
}

/* The policy's memory is asked for under the lock; what is short is obtained in between, by us or by a fault. */
int dk_instance_start_policy(struct dk_instance *instance, u32 tier, struct dk_policy *policy, const char *text)
{
	unsigned int tries = 0;
	int err;

	do {
		dk_instance_serve_heap(instance, GFP_KERNEL);
		spin_lock(&instance->lock);
		err = dk_core_use_policy(instance->core, tier, dk_policy_ops(policy), text);
		spin_unlock(&instance->lock);
	} while (err && ++tries < 8);
	dk_instance_serve_heap(instance, GFP_KERNEL);
	return err ? -ENOMEM : 0;
}

int dk_instance_use_policy(struct dk_instance *instance, const char *text)
{
	struct dk_policy *policy = dk_policy_get(text);
	int err;

	if (!policy)
		return -ENOENT;
	err = dk_instance_start_policy(instance, 0, policy, text);
	if (!err) {
		swap(instance->policy, policy);
		strscpy(instance->control->parameters.policy, text, DIME_NAME_BYTES);
		err = dk_tiers_follow_policy(instance);
	}
	dk_policy_put(policy);
	return err;
}

int dk_instance_use_link(struct dk_instance *instance, const char *name)
{
	struct dk_link *link = NULL, *old = instance->link;

	if (*name) {
		link = dk_link_get(name);
		if (!link)
			return -ENOMEM;
	}
	spin_lock(&instance->lock);
	dk_core_use_link(instance->core, link ? dk_link_record(link) : &instance->control->link);
	spin_unlock(&instance->lock);
	instance->link = link;
	strscpy(instance->control->parameters.link, name, DIME_NAME_BYTES);
	dk_link_put(old);
	return 0;
}

/* An instruction touches no more pages at once than this. */
#define DK_TIGHT 32
/* How long it is tried to close pages that are in use. */
#define DK_TRIM_NS NSEC_PER_SEC

void dk_instance_note_limits(struct dk_instance *instance)
{
	const struct dime_control *control = instance->control;
	const struct dime_parameters *p = &control->parameters;
	bool tight = !p->local_share && p->local_npages < DK_TIGHT;
	u32 i;

	for (i = 1; i < DIME_TIER_LOCAL; i++) {
		const struct dime_tier *tier = &control->placement.tiers[i];

		tight |= !tier->local_share && tier->local_npages && tier->local_npages < DK_TIGHT;
	}
	WRITE_ONCE(instance->tight, tight);
}

void dk_instance_trim(struct dk_instance *instance)
{
	struct dk_batch batch = { 0 };
	u64 until = dk_now() + DK_TRIM_NS;
	bool over;
	u64 gone;

	do {
		spin_lock(&instance->lock);
		gone = dk_core_trim(instance->core, dk_now(), DK_BATCH, &batch);
		over = dk_core_over(instance->core);
		spin_unlock(&instance->lock);
		dk_batch_flush(&batch);
		dk_instance_serve_heap(instance, GFP_KERNEL);
		/* The rest is being fetched or in use. */
		if (over && !gone)
			usleep_range(50, 200);
		cond_resched();
	} while (gone || (over && dk_now() < until && !fatal_signal_pending(current)));
}
