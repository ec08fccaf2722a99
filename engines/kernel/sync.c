// SPDX-License-Identifier: GPL-2.0
/*
 * Reconciles page records with the page tables after the kernel has changed them.
 *
 * The kernel unmaps, drops, moves and re-opens pages without a fault. Its notices (mmu_notifier) come before and after each such
 * change; after one, the entries of the range are compared with the records: a page without an entry is forgotten, a
 * remote page that was opened is closed again. In the notice the caller still holds what kept the tables in place while
 * it changed them (mmap_lock, or the locks of a reverse mapping), so they can be walked. Nothing sleeps here, and no
 * memory is reclaimed: the notices may come from reclaim itself.
 */
#include <linux/sched/mm.h>

#include "rules.h"
#include "shim.h"

void dk_shim_visit(void *context, uint32_t id, uint64_t page, int remote)
{
	struct dk_visit *visit = context;

	visit->page(visit, id, page << PAGE_SHIFT, remote);
}

/* Visits the page records of [start, end), a leaf under each hold of the lock, and flushes what was closed. */
static void dk_visit_range(struct dk_visit *visit, unsigned long start, unsigned long end)
{
	struct dk_space *space = visit->space;
	struct dk_instance *instance = space->instance;
	u64 page = start >> PAGE_SHIFT;
	u64 stop = (end >> PAGE_SHIFT) + !!(end & ~PAGE_MASK);

	while (page < stop) {
		visit->flush_start = ULONG_MAX;
		visit->flush_end = 0;
		inc_tlb_flush_pending(space->mm);
		spin_lock(&instance->lock);
		page = dk_core_visit(instance->core, space->table, page, stop, visit);
		spin_unlock(&instance->lock);
		if (visit->flush_end)
			dk_flush(space->mm, visit->flush_start, visit->flush_end);
		dec_tlb_flush_pending(space->mm);
	}
}

static void dk_visit_forget(struct dk_visit *visit, u32 id, unsigned long address, bool remote)
{
	dk_core_forget(visit->space->instance->core, id);
}

/* The entry before the record, so that a page recorded as local is always accessible. */
static void dk_visit_bring_home(struct dk_visit *visit, u32 id, unsigned long address, bool remote)
{
	struct dk_site site;

	if (!remote)
		return;
	dk_find(visit->space->mm, address, &site);
	if (site.pte && dk_open(visit->space->mm, &site, false))
		dk_core_bring_home(visit->space->instance->core, id);
}

static void dk_visit_open(struct dk_visit *visit, u32 id, unsigned long address, bool remote)
{
	struct dk_site site;

	dk_find(visit->space->mm, address, &site);
	if (site.pte)
		dk_open(visit->space->mm, &site, false);
}

/* ---- pages that the kernel migrates ----
 *
 * They are accessible when they arrive, without a notice. The notice before it sees that they are on their way, and they
 * are looked at a moment later.
 */
#define DK_RECHECK_MS 2

/* REQUIRES: instance->lock, and that the space is not being taken apart. */
static void dk_space_note_migration(struct dk_space *space, unsigned long address)
{
	if (!space->migrating_end)
		space->migrating_start = address;
	space->migrating_start = min(space->migrating_start, address);
	space->migrating_end = max(space->migrating_end, address + PAGE_SIZE);
	dk_queue_delayed_work(&space->recheck, msecs_to_jiffies(DK_RECHECK_MS));
}

/* After the kernel changed entries: forgets what is gone and closes again what was opened. */
static void dk_visit_reconcile(struct dk_visit *visit, u32 id, unsigned long address, bool remote)
{
	struct dk_space *space = visit->space;
	struct dk_site site;
	enum dk_entry entry;
	spinlock_t *lock;
	bool flush;

	dk_find(space->mm, address, &site);
	entry = dk_entry_at(&site);
	if (entry == DK_ENTRY_NONE)
		dk_core_forget(space->instance->core, id);
	if (entry == DK_ENTRY_OTHER && remote && !space->closing && !space->gone && site.pte &&
	    dk_is_migrating(pte_val(READ_ONCE(*site.pte))))
		dk_space_note_migration(space, address);
	if (entry != DK_ENTRY_OPEN || !remote || space->closing)
		return;
	lock = dk_lock_of(space->mm, &site);
	spin_lock(lock);
	dk_close_entry(site.pte, &flush);
	spin_unlock(lock);
	if (!flush)
		return;
	atomic64_inc(&space->instance->reclosed);
	visit->flush_start = min(visit->flush_start, address);
	visit->flush_end = max(visit->flush_end, address + PAGE_SIZE);
}

static void dk_space_forget_all(struct dk_space *space)
{
	struct dk_visit visit = { .page = dk_visit_forget, .space = space };

	dk_visit_range(&visit, 0, TASK_SIZE_MAX);
}

/* ---- the kernel's notices ---- */

static void dk_space_moved(struct dk_space *space)
{
	unsigned long start = space->moved_to, end = start + space->moved_bytes;
	struct vm_area_struct *vma;
	VMA_ITERATOR(vmi, space->mm, start);

	WRITE_ONCE(space->moving, NULL);
	dk_hints_moved(space, space->moved_from, start, space->moved_bytes);
	for_each_vma_range(vmi, vma, end)
		dk_space_scan(space, vma, max(start, vma->vm_start), min(end, vma->vm_end), GFP_NOWAIT | __GFP_NOWARN);
}

static void dk_notify_range_end(struct mmu_notifier *notifier, const struct mmu_notifier_range *range)
{
	struct dk_space *space = container_of(notifier, struct dk_space, notifier);
	struct dk_visit visit = { .page = dk_visit_reconcile, .space = space };

	switch (range->event) {
	case MMU_NOTIFY_UNMAP:
	case MMU_NOTIFY_CLEAR:
	case MMU_NOTIFY_PROTECTION_VMA:
		break;
	default:
		return;
	}
	/* The caller still holds what kept the tables in place while it changed the entries. */
	dk_visit_range(&visit, range->start, range->end);
	if (range->event != MMU_NOTIFY_UNMAP)
		return;
	if (unlikely(READ_ONCE(space->moving) == current))
		dk_space_moved(space);
	else
		dk_hints_unmapped(space, range->start, range->end);
}

static void dk_notify_release(struct mmu_notifier *notifier, struct mm_struct *mm)
{
	struct dk_space *space = container_of(notifier, struct dk_space, notifier);

	dk_space_look_unmanaged(space);
	spin_lock(&space->instance->lock);
	space->gone = true;
	spin_unlock(&space->instance->lock);
	dk_space_forget_all(space);
	if (!atomic_xchg(&space->leaving, 1))
		dk_queue_work(&space->reap);
}

const struct mmu_notifier_ops dk_notifier_ops = {
	.release = dk_notify_release,
	.invalidate_range_end = dk_notify_range_end,
};

/* ---- walks of all mappings ---- */

static void dk_visit_mappings(struct dk_visit *visit)
{
	struct mm_struct *mm = visit->space->mm;
	struct vm_area_struct *vma;
	VMA_ITERATOR(vmi, mm, 0);

	mmap_read_lock(mm);
	for_each_vma(vmi, vma)
		dk_visit_range(visit, vma->vm_start, vma->vm_end);
	mmap_read_unlock(mm);
}

void dk_space_bring_home(struct dk_space *space)
{
	struct dk_visit visit = { .page = dk_visit_open, .space = space };

	dk_visit_mappings(&visit);
}

void dk_space_bring_range_home(struct dk_space *space, unsigned long start, unsigned long end)
{
	struct dk_visit visit = { .page = dk_visit_bring_home, .space = space };

	dk_visit_range(&visit, start, end);
}

void dk_space_recheck(struct work_struct *work)
{
	struct dk_space *space = container_of(to_delayed_work(work), struct dk_space, recheck);
	struct dk_visit visit = { .page = dk_visit_reconcile, .space = space };
	struct mm_struct *mm = space->mm;
	struct vm_area_struct *vma;
	unsigned long start, end;

	spin_lock(&space->instance->lock);
	start = space->migrating_start;
	end = space->migrating_end;
	space->migrating_end = 0;
	spin_unlock(&space->instance->lock);
	if (!end || !mmget_not_zero(mm))
		return;
	mmap_read_lock(mm);
	{
		VMA_ITERATOR(vmi, mm, start);

		for_each_vma_range(vmi, vma, end)
			dk_visit_range(&visit, max(start, vma->vm_start), min(end, vma->vm_end));
	}
	mmap_read_unlock(mm);
	mmput(mm);
}

static void dk_visit_audit(struct dk_visit *visit, u32 id, unsigned long address, bool remote)
{
	struct dk_site site;
	enum dk_entry entry;

	visit->known++;
	visit->remote += remote;
	dk_find(visit->space->mm, address, &site);
	entry = dk_entry_at(&site);
	if (remote && entry == DK_ENTRY_OPEN)
		visit->remote_open++;
	if (!remote && entry == DK_ENTRY_CLOSED)
		visit->local_closed++;
	if (entry == DK_ENTRY_NONE)
		visit->stale++;
}

void dk_space_audit(struct dk_space *space, struct dk_audit *audit)
{
	struct dk_visit visit = { .page = dk_visit_audit, .space = space };

	if (!mmget_not_zero(space->mm))
		return;
	dk_visit_mappings(&visit);
	audit->remote_open += visit.remote_open;
	audit->local_closed += visit.local_closed;
	audit->stale += visit.stale;
	space->usage->managed_pages += visit.known;
	space->usage->local_pages += visit.known - visit.remote;
	dk_space_look_unmanaged(space);
	space->usage->unmanaged_pages += space->unmanaged_pages;
	mmput(space->mm);
}
