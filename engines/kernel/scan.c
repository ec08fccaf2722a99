// SPDX-License-Identifier: GPL-2.0
/*
 * Taking in pages that are there already: of a process that becomes a member, of a child, and of a range that was moved.
 */

#include "shim.h"

/* Adopts one page; true if its entry has to be closed. */
static bool dk_adopt(struct dk_space *space, struct vm_area_struct *vma, unsigned long address, enum dk_entry entry,
		     gfp_t gfp)
{
	struct dk_instance *instance = space->instance;
	enum dk_adopted adopted;

	if (unlikely(instance->tiers))
		dk_tiers_choose(space, vma, address);
	adopted = dk_core_adopt(instance->core, space->table, address >> PAGE_SHIFT, entry);
	while (adopted == DK_ADOPTED_NO_MEMORY) {
		spin_unlock(&instance->lock);
		if (!dk_instance_serve_heap(instance, gfp)) {
			spin_lock(&instance->lock);
			return false;
		}
		spin_lock(&instance->lock);
		if (unlikely(instance->tiers))
			dk_tiers_choose(space, vma, address);
		adopted = dk_core_adopt(instance->core, space->table, address >> PAGE_SHIFT, entry);
	}
	return adopted == DK_ADOPTED_CLOSE;
}

/* The pages of one page table. The entry is read again after the lock was let go for memory. */
static void dk_scan_table(struct dk_space *space, struct vm_area_struct *vma, unsigned long start, unsigned long end,
			  gfp_t gfp)
{
	struct dk_instance *instance = space->instance;
	unsigned long address;
	bool flush, any = false;
	struct dk_site site;
	enum dk_entry entry;
	spinlock_t *lock;

	inc_tlb_flush_pending(space->mm);
	spin_lock(&instance->lock);
	for (address = start; address < end; address += PAGE_SIZE) {
		dk_find(space->mm, address, &site);
		entry = dk_entry_at(&site);
		if (!site.pte || entry == DK_ENTRY_NONE || !dk_adopt(space, vma, address, entry, gfp))
			continue;
		lock = dk_lock_of(space->mm, &site);
		spin_lock(lock);
		dk_close_entry(site.pte, &flush);
		spin_unlock(lock);
		any |= flush;
	}
	spin_unlock(&instance->lock);
	if (any)
		dk_flush(space->mm, start, end);
	dec_tlb_flush_pending(space->mm);
}

void dk_space_scan(struct dk_space *space, struct vm_area_struct *vma, unsigned long start, unsigned long end, gfp_t gfp)
{
	unsigned long next;
	struct dk_site site;

	if (!dk_in_scope(space, vma))
		return;
	for (; start < end; start = next) {
		next = min(pmd_addr_end(start, end), end);
		dk_find(space->mm, start, &site);
		if (site.huge && site.pmd && pmd_trans_huge(READ_ONCE(*site.pmd)) && gfpflags_allow_blocking(gfp)) {
			dk_split_huge(vma, site.pmd, start);
			dk_find(space->mm, start, &site);
		}
		if (site.pte)
			dk_scan_table(space, vma, start, next, gfp);
		else
			next = min(dk_skip_empty(space->mm, start, next), end);
		if (gfpflags_allow_blocking(gfp))
			cond_resched();
	}
}
