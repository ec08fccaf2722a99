// SPDX-License-Identifier: GPL-2.0
/*
 * Closing and opening pages in place.
 *
 * A closed page keeps its frame; its entry loses PRESENT and gains PROTNONE, so every access faults, while the kernel
 * takes it for an ordinary page of a mapping without rights (fork, KSM, reclaim and mprotect all handle those). Every
 * other bit stays, in particular RW and USER. USER tells our entries from those that mprotect(PROT_NONE) and NUMA
 * balancing make, which lack it, and RW saves the second fault of a write. The frame number of an entry that is not present is stored inverted
 * (against L1TF), as flip_protnone_guard() does it.
 *
 * The dirty bit of an anonymous page moves to its struct page when it is closed, as when the kernel unmaps it, so that
 * the next eviction can tell whether the page was written since its last fetch.
 *
 * Tables of the current process are walked with interrupts off, as get_user_pages_fast() does: whoever frees a table has
 * to interrupt this processor first. In that state the page-table lock is only tried, because its holder may be waiting
 * for us to answer a flush. Tables of another process are walked under its mmap_lock, which is only tried too.
 */
#include <linux/sched/mm.h>
#include <asm/pgtable.h>

#include "shim.h"

#ifdef CONFIG_PAGE_TABLE_CHECK
#error "entries are exchanged without the hooks of CONFIG_PAGE_TABLE_CHECK"
#endif

/* Tries to get a page-table lock before the victim counts as busy. */
#define DK_LOCK_TRIES 100

unsigned long dk_skip_empty(struct mm_struct *mm, unsigned long address, unsigned long end)
{
	pgd_t *pgd = pgd_offset(mm, address);
	p4d_t *p4d;

	if (pgd_none(*pgd))
		return max(end, pgd_addr_end(address, ULONG_MAX));
	p4d = p4d_offset(pgd, address);
	if (p4d_none(*p4d))
		return max(end, p4d_addr_end(address, ULONG_MAX));
	if (pud_none(*pud_offset(p4d, address)))
		return max(end, pud_addr_end(address, ULONG_MAX));
	return end;
}

enum dk_entry dk_peek(struct mm_struct *mm, unsigned long address)
{
	struct dk_site site;
	enum dk_entry entry;
	unsigned long flags;

	local_irq_save(flags);
	dk_find(mm, address, &site);
	entry = dk_entry_at(&site);
	local_irq_restore(flags);
	return entry;
}

static __always_inline enum dk_closed dk_close_entry_inline(pte_t *pte, bool *flush)
{
	pteval_t new, old = READ_ONCE(pte->pte);
	enum dk_closed how;
	struct folio *folio;

	*flush = false;
	do {
		if (!old)
			return DK_CLOSED_GONE;
		if (unlikely(!(old & _PAGE_PRESENT)))
			return dk_is_migrating(old) ? DK_CLOSED_BUSY : DK_CLOSED_CLEAN;
		if (unlikely(old & DK_DEVMAP))
			return DK_CLOSED_REFUSED;
		how = DK_CLOSED_CLEAN;
		new = (old & ~_PAGE_PRESENT) | _PAGE_PROTNONE;
		if ((old & DK_DIRTY) && likely(!(old & _PAGE_SPECIAL))) {
			how = DK_CLOSED_DIRTY;
			folio = page_folio(pfn_to_page((old & PTE_PFN_MASK) >> PAGE_SHIFT));
			if (folio_test_anon(folio) && !folio_test_ksm(folio)) {
				if (!folio_test_dirty(folio))
					folio_set_dirty(folio);
				new &= ~DK_DIRTY;
			}
		}
	} while (!dk_exchange(pte, &old, new));
	*flush = true;
	return how;
}

enum dk_closed dk_close_entry(pte_t *pte, bool *flush)
{
	return dk_close_entry_inline(pte, flush);
}

static void dk_batch_add(struct dk_batch *batch, struct mm_struct *mm, unsigned long address, bool held)
{
	batch->pages[batch->count].mm = mm;
	batch->pages[batch->count].address = address;
	batch->pages[batch->count].held = held;
	batch->count++;
}

void dk_batch_flush(struct dk_batch *batch)
{
	u32 i;

	for (i = 0; i < batch->count; i++) {
		struct mm_struct *mm = batch->pages[i].mm;
		unsigned long address = batch->pages[i].address;

		dk_flush(mm, address, address + PAGE_SIZE);
		dec_tlb_flush_pending(mm);
		if (batch->pages[i].held)
			mmput_async(mm);
	}
	batch->count = 0;
}

/* Whether no other processor can have translations of @mm, the current process' own, that it would use. */
static __always_inline bool dk_alone(struct mm_struct *mm)
{
	unsigned int cpu = smp_processor_id();

	if (likely(nr_cpu_ids <= BITS_PER_LONG))
		return READ_ONCE(cpumask_bits(mm_cpumask(mm))[0]) == BIT(cpu);
	return cpumask_equal(mm_cpumask(mm), cpumask_of(cpu));
}

/* Whether devices walk the tables of the process: those are told by the kernel's flush. */
static __always_inline bool dk_has_device(const struct mm_struct *mm)
{
#ifdef CONFIG_IOMMU_MM_DATA
	return unlikely(READ_ONCE(mm->iommu_mm));
#else
	return false;
#endif
}

/*
 * Flushes one page where it is the business of this processor only, for a tenth of the instructions of
 * flush_tlb_mm_range(). A processor that ran the process earlier may have kept translations; it compares the
 * generation before it uses them, as one that begins to run the process does (switch_mm_irqs_off()). False if another one
 * has begun meanwhile. REQUIRES: interrupts off, dk_alone() when the entry was changed.
 */
static __always_inline bool dk_flush_alone(struct mm_struct *mm, unsigned long address)
{
	atomic64_inc_return(&mm->context.tlb_gen);
	if (unlikely(!dk_alone(mm)))
		return false;
	dk_flush_one(address);
	return true;
}

/*
 * Closes under the page-table lock, tried, in a walk that the caller has made safe. From before the change until the
 * flush, other holders of the lock are told that one is pending, or they would take the page for one that no
 * processor can reach. Where this processor is the only one, the flush is over before the lock is let go.
 */
static __always_inline enum dk_closed dk_close_at(struct dk_space *space, unsigned long address, bool own,
						  struct dk_batch *batch)
{
	struct mm_struct *mm = space->mm;
	struct dk_site site __uninitialized;
	enum dk_closed how;
	bool alone, flush;
	spinlock_t *lock;

	dk_find(mm, address, &site);
	if (unlikely(!site.pte))
		return site.huge ? DK_CLOSED_REFUSED : DK_CLOSED_GONE;
	lock = dk_lock_of(mm, &site);
	if (!spin_trylock(lock))
		return DK_CLOSED_BUSY;
	alone = own && dk_has_flush_one && !dk_has_device(mm) && dk_alone(mm);
	if (!alone)
		inc_tlb_flush_pending(mm);
	how = dk_close_entry_inline(site.pte, &flush);
	if (alone && flush && unlikely(!dk_flush_alone(mm, address))) {
		inc_tlb_flush_pending(mm);
		alone = false;
	}
	spin_unlock(lock);
	if (!alone && flush)
		dk_batch_add(batch, mm, address, !own);
	else if (!alone)
		dec_tlb_flush_pending(mm);
	return how;
}

static __always_inline enum dk_closed dk_close_own(struct dk_space *space, unsigned long address,
						   struct dk_batch *batch)
{
	enum dk_closed how;
	unsigned int tries = 0;

	do {
		local_irq_disable();
		how = dk_close_at(space, address, true, batch);
		local_irq_enable();
	} while (unlikely(how == DK_CLOSED_BUSY) && ++tries < DK_LOCK_TRIES);
	return how;
}

/* The reference to the address space is kept until the flush, if there is one. */
static noinline enum dk_closed dk_close_foreign(struct dk_space *space, unsigned long address, struct dk_batch *batch)
{
	struct mm_struct *mm = space->mm;
	enum dk_closed how = DK_CLOSED_BUSY;
	u32 before = batch->count;
	struct vm_area_struct *vma;
	/* Whoever accesses the memory of another process holds its mmap_lock. */
	bool pinned = space == batch->space;

	if (!mmget_not_zero(mm))
		return DK_CLOSED_GONE;
	if (pinned || mmap_read_trylock(mm)) {
		vma = find_vma(mm, address);
		how = DK_CLOSED_GONE;
		if (vma && vma->vm_start <= address)
			how = dk_close_at(space, address, false, batch);
		if (!pinned)
			mmap_read_unlock(mm);
	}
	if (batch->count == before)
		mmput_async(mm);
	return how;
}

enum dk_closed dk_shim_close(struct dk_instance *instance, uint32_t index, uint64_t page, struct dk_batch *batch)
{
	unsigned long address = page << PAGE_SHIFT;
	struct dk_space *space = batch->space;
	enum dk_closed how;

	if (unlikely(!space || space->index != index))
		space = xa_load(&instance->spaces, index);
	if (unlikely(!space || space->closing || space->gone))
		return DK_CLOSED_GONE;
	if (unlikely(batch->count == DK_BATCH))
		return DK_CLOSED_BUSY;
	how = likely(space->mm == current->mm) ? dk_close_own(space, address, batch) :
						 dk_close_foreign(space, address, batch);
	space->usage->evictions += how <= DK_CLOSED_CLEAN;
	return how;
}

int dk_shim_accessed(struct dk_instance *instance, uint32_t index, uint64_t page)
{
	struct dk_space *space = xa_load(&instance->spaces, index);
	struct dk_site site;
	unsigned long flags;
	spinlock_t *lock;
	int accessed = DIME_ACCESSED_UNKNOWN;

	/* Only the current process' tables can be walked without a lock. */
	if (!space || space->mm != current->mm)
		return accessed;
	local_irq_save(flags);
	dk_find(space->mm, page << PAGE_SHIFT, &site);
	if (site.pte) {
		lock = dk_lock_of(space->mm, &site);
		if (spin_trylock(lock)) {
			if (pte_val(*site.pte) & _PAGE_PRESENT)
				accessed = test_and_clear_bit(_PAGE_BIT_ACCESSED, (unsigned long *)&site.pte->pte);
			spin_unlock(lock);
		}
	}
	local_irq_restore(flags);
	return accessed;
}
