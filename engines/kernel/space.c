// SPDX-License-Identifier: GPL-2.0
/*
 * Address spaces under management: from attach to detach or to the end of the process.
 *
 * A space is found by its mm in a hash table under RCU; each fault under way holds a reference, and the space is taken
 * apart when the last one is gone. Two things end a space: dk_space_detach(), while the process lives, which brings every
 * page home; and the kernel's notice that the address space ends, which only drops the page records. Whoever sets `leaving`
 * first does the rest.
 */
#define pr_fmt(fmt) "dime: " fmt

#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/userfaultfd_k.h>

#include "shim.h"

struct dk_space __rcu *dk_space_table[1 << DK_SPACE_BITS];
static DEFINE_SPINLOCK(dk_space_lock); /* guards the chains of dk_space_table */
static struct workqueue_struct *dk_reaper;
static atomic_t dk_space_count; /* spaces that are attached or still being taken apart */

static void dk_space_reap(struct work_struct *work);

static void dk_space_link(struct dk_space *space)
{
	struct dk_space __rcu **head = &dk_space_table[dk_space_hash(space->mm)];

	spin_lock(&dk_space_lock);
	RCU_INIT_POINTER(space->next, rcu_dereference_protected(*head, lockdep_is_held(&dk_space_lock)));
	rcu_assign_pointer(*head, space);
	spin_unlock(&dk_space_lock);
}

static void dk_space_unlink(struct dk_space *space)
{
	struct dk_space __rcu **at = &dk_space_table[dk_space_hash(space->mm)];
	struct dk_space *other;

	spin_lock(&dk_space_lock);
	while ((other = rcu_dereference_protected(*at, lockdep_is_held(&dk_space_lock)))) {
		if (other == space) {
			rcu_assign_pointer(*at, rcu_dereference_protected(space->next,
									  lockdep_is_held(&dk_space_lock)));
			break;
		}
		at = &other->next;
	}
	spin_unlock(&dk_space_lock);
}

/* ---- memory that is left alone ---- */

void dk_space_note_unmanaged(struct dk_space *space, u64 pages)
{
	struct dime_levels *levels = &space->instance->control->levels;

	spin_lock(&space->instance->lock);
	levels->unmanaged_pages += pages - space->unmanaged_pages;
	levels->unmanaged_peak = max(levels->unmanaged_peak, levels->unmanaged_pages);
	space->unmanaged_pages = pages;
	spin_unlock(&space->instance->lock);
}

void dk_space_look_unmanaged(struct dk_space *space)
{
	/* With scope=all files and shared memory are managed, too. */
	if (READ_ONCE(space->instance->control->parameters.scope) == DIME_SCOPE_ANON)
		dk_space_note_unmanaged(space, get_mm_counter(space->mm, MM_FILEPAGES) +
						       get_mm_counter(space->mm, MM_SHMEMPAGES));
}

/* ---- attach ---- */

static struct dk_space *dk_space_create(struct dk_instance *instance, struct dk_process_stats *usage, struct mm_struct *mm,
					struct dk_names *names)
{
	struct dk_space *space = kzalloc(sizeof(*space) + dk_core_table_bytes(), GFP_KERNEL_ACCOUNT);

	if (!space)
		return NULL;
	if (xa_alloc(&instance->spaces, &space->index, NULL, xa_limit_31b, GFP_KERNEL)) {
		kfree(space);
		return NULL;
	}
	space->mm = mm;
	space->names = names;
	dk_process_stats_get(usage);
	space->usage = usage;
	refcount_set(&space->refs, 1);
	init_completion(&space->idle);
	INIT_WORK(&space->reap, dk_space_reap);
	INIT_DELAYED_WORK(&space->recheck, dk_space_recheck);
	space->notifier.ops = &dk_notifier_ops;
	dk_instance_get(instance);
	space->instance = instance;
	spin_lock(&instance->lock);
	space->table = dk_core_table_create(space->table_memory, instance->core, space->index);
	spin_unlock(&instance->lock);
	xa_store(&instance->spaces, space->index, space, GFP_KERNEL);
	return space;
}

/* REQUIRES: nobody can find the space any more, and its notifier is gone. */
static void dk_space_destroy(struct dk_space *space)
{
	struct dk_instance *instance = space->instance;

	cancel_delayed_work_sync(&space->recheck);
	spin_lock(&instance->lock);
	dk_core_table_destroy(instance->core, space->table);
	spin_unlock(&instance->lock);
	xa_erase(&instance->spaces, space->index);
	dk_instance_serve_heap(instance, GFP_KERNEL);
	dk_space_note_unmanaged(space, 0);
	dk_process_stats_put(space->usage);
	dk_instance_put(instance);
	kfree(space->names);
	kvfree(space->places);
	kfree_rcu(space, rcu);
}

int dk_space_attach(struct dk_instance *instance, struct dk_process_stats *usage, struct mm_struct *mm, struct dk_names *names)
{
	struct dk_space *space = dk_space_get(mm);
	struct vm_area_struct *vma;
	int err;

	if (space) {
		err = space->instance == instance ? 0 : -EBUSY;
		dk_space_put(space);
		kfree(names);
		return err;
	}
	space = dk_space_create(instance, usage, mm, names);
	if (!space) {
		kfree(names);
		return -ENOMEM;
	}
	err = dk_hook_get();
	if (err)
		goto destroy;
	space->had_thp_disabled = dk_thp_test_and_disable(mm);
	err = mmu_notifier_register(&space->notifier, mm);
	if (err)
		goto unhook;
	atomic_inc(&dk_space_count);
	dk_space_link(space);
	mmap_read_lock(mm);
	{
		VMA_ITERATOR(vmi, mm, 0);

		for_each_vma(vmi, vma)
			dk_space_scan(space, vma, vma->vm_start, vma->vm_end, GFP_KERNEL);
	}
	mmap_read_unlock(mm);
	dk_space_look_unmanaged(space);
	return 0;

unhook:
	if (!space->had_thp_disabled)
		dk_thp_enable(mm);
	dk_hook_put();
destroy:
	dk_space_destroy(space);
	return err;
}

/* ---- detach, and the end of the process ---- */

/* Waits for the faults under way. No new one finds the space. */
static void dk_space_drain(struct dk_space *space)
{
	dk_space_unlink(space);
	dk_space_put(space);
	wait_for_completion(&space->idle);
}

static void dk_space_reap(struct work_struct *work)
{
	struct dk_space *space = container_of(work, struct dk_space, reap);

	dk_space_drain(space);
	mmu_notifier_unregister(&space->notifier, space->mm);
	dk_space_destroy(space);
	mutex_lock(&dk_mutex);
	dk_hook_put();
	mutex_unlock(&dk_mutex);
	atomic_dec(&dk_space_count);
}

void dk_space_detach(struct mm_struct *mm)
{
	struct dk_space *space = dk_space_get(mm);
	bool mine;

	if (!space)
		return;
	mine = !atomic_xchg(&space->leaving, 1);
	dk_space_put(space);
	if (!mine)
		return;
	spin_lock(&space->instance->lock);
	space->closing = true;
	spin_unlock(&space->instance->lock);
	dk_space_drain(space);
	dk_space_bring_home(space);
	mmu_notifier_unregister(&space->notifier, mm);
	if (!space->had_thp_disabled)
		dk_thp_enable(mm);
	dk_space_destroy(space);
	dk_hook_put();
	atomic_dec(&dk_space_count);
}

void dk_queue_work(struct work_struct *work)
{
	queue_work(dk_reaper, work);
}

void dk_queue_delayed_work(struct delayed_work *work, unsigned long delay)
{
	queue_delayed_work(dk_reaper, work, delay);
}

int dk_spaces_init(void)
{
	dk_reaper = alloc_workqueue("dime", WQ_UNBOUND, 0);
	return dk_reaper ? 0 : -ENOMEM;
}

struct dk_space *dk_space_next(struct dk_instance *instance, unsigned long *index)
{
	struct dk_space *space;

	rcu_read_lock();
	space = xa_find(&instance->spaces, index, ULONG_MAX, XA_PRESENT);
	while (space && !refcount_inc_not_zero(&space->refs))
		space = xa_find_after(&instance->spaces, index, ULONG_MAX, XA_PRESENT);
	rcu_read_unlock();
	return space;
}

/* A reference to the memory of a space of @instance whose process has not ended, or NULL. */
static struct mm_struct *dk_spaces_any(const struct dk_instance *instance)
{
	struct mm_struct *mm = NULL;
	struct dk_space *space;
	u32 i;

	rcu_read_lock();
	for (i = 0; i < ARRAY_SIZE(dk_space_table) && !mm; i++) {
		for (space = rcu_dereference(dk_space_table[i]); space && !mm; space = rcu_dereference(space->next)) {
			/* As long as somebody has a reference to the space, its mm is there. */
			if (space->instance != instance || !refcount_inc_not_zero(&space->refs))
				continue;
			if (mmget_not_zero(space->mm))
				mm = space->mm;
			dk_space_put(space);
		}
	}
	rcu_read_unlock();
	return mm;
}

void dk_spaces_detach_all(const struct dk_instance *instance)
{
	struct mm_struct *mm;

	while ((mm = dk_spaces_any(instance))) {
		dk_space_detach(mm);
		mmput(mm);
	}
}

void dk_spaces_exit(void)
{
	/* Where processes are ending, the kernel's notices are still to come, and must find the work queue and the hook. */
	while (atomic_read(&dk_space_count))
		msleep(1);
	destroy_workqueue(dk_reaper);
	rcu_barrier();
}
