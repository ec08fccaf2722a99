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

#ifdef _PAGE_DIRTY_BITS
#define DK_DIRTY _PAGE_DIRTY_BITS
#else
#define DK_DIRTY _PAGE_DIRTY
#endif

/* Tries to get a page-table lock before the victim counts as busy. */
#define DK_LOCK_TRIES 100

bool dk_pte_closed(pte_t pte)
{
	return (pte_val(pte) & (_PAGE_PRESENT | _PAGE_PROTNONE | _PAGE_USER)) == (_PAGE_PROTNONE | _PAGE_USER);
}

/* The next table below an entry. Entries are read plainly: the accessors of pgtable.h are paravirtual, for Xen PV only. */
static __always_inline u64 *dk_table_below(u64 entry, unsigned long index)
{
	return (u64 *)__va(entry & PTE_PFN_MASK) + index;
}

void dk_find(struct mm_struct *mm, unsigned long address, struct dk_site *site)
{
	u64 *at = (u64 *)mm->pgd + pgd_index(address), entry = READ_ONCE(*at);

	site->pte = NULL;
	site->pmd = NULL;
	site->huge = false;
	if (pgtable_l5_enabled()) {
		if (!(entry & _PAGE_PRESENT))
			return;
		entry = READ_ONCE(*dk_table_below(entry, p4d_index(address)));
	}
	if (!(entry & _PAGE_PRESENT))
		return;
	entry = READ_ONCE(*dk_table_below(entry, pud_index(address)));
	if (!entry)
		return;
	if ((entry & (_PAGE_PRESENT | _PAGE_PSE)) != _PAGE_PRESENT) {
		site->huge = true;
		return;
	}
	at = dk_table_below(entry, pmd_index(address));
	entry = READ_ONCE(*at);
	if (!entry)
		return;
	site->pmd = (pmd_t *)at;
	if ((entry & (_PAGE_PRESENT | _PAGE_PSE)) != _PAGE_PRESENT) {
		site->huge = true;
		return;
	}
	site->pte = (pte_t *)dk_table_below(entry, pte_index(address));
}

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

enum dk_entry dk_entry_at(const struct dk_site *site)
{
	pte_t pte;

	if (!site->pte)
		return site->huge ? DK_ENTRY_OTHER : DK_ENTRY_NONE;
	pte = READ_ONCE(*site->pte);
	if (pte_none(pte))
		return DK_ENTRY_NONE;
	if (pte_val(pte) & _PAGE_PRESENT)
		return DK_ENTRY_OPEN;
	return dk_pte_closed(pte) ? DK_ENTRY_CLOSED : DK_ENTRY_OTHER;
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

static inline bool dk_exchange(pte_t *pte, pteval_t old, pteval_t new)
{
	new = flip_protnone_guard(old, new, PTE_PFN_MASK);
	return try_cmpxchg(&pte->pte, &old, new);
}

bool dk_open(struct mm_struct *mm, const struct dk_site *site, bool write)
{
	spinlock_t *lock = pte_lockptr(mm, site->pmd);
	bool opened = false;
	pteval_t old, new;

	spin_lock(lock);
	while (!opened) {
		old = pte_val(READ_ONCE(*site->pte));
		if (!dk_pte_closed(__pte(old)))
			break;
		new = (old & ~_PAGE_PROTNONE) | _PAGE_PRESENT | _PAGE_ACCESSED;
		if (write && (old & _PAGE_RW))
			new |= _PAGE_DIRTY | _PAGE_SOFT_DIRTY;
		opened = dk_exchange(site->pte, old, new);
	}
	spin_unlock(lock);
	return opened;
}

enum dk_closed dk_close_entry(pte_t *pte, bool *flush)
{
	enum dk_closed how;
	pteval_t old, new;
	struct page *page;

	*flush = false;
	do {
		old = pte_val(READ_ONCE(*pte));
		if (!old)
			return DK_CLOSED_GONE;
		if (!(old & _PAGE_PRESENT))
			return DK_CLOSED_CLEAN;
		if (pte_devmap(__pte(old)))
			return DK_CLOSED_REFUSED;
		how = DK_CLOSED_CLEAN;
		new = (old & ~_PAGE_PRESENT) | _PAGE_PROTNONE;
		if (pte_dirty(__pte(old)) && !pte_special(__pte(old))) {
			how = DK_CLOSED_DIRTY;
			page = pte_page(__pte(old));
			if (PageAnon(page) && !PageKsm(page)) {
				SetPageDirty(page);
				new &= ~DK_DIRTY;
			}
		}
	} while (!dk_exchange(pte, old, new));
	*flush = true;
	return how;
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

/* Closes under the page-table lock, tried, in a walk that the caller has made safe. */
static enum dk_closed dk_close_at(struct mm_struct *mm, unsigned long address, bool *flush)
{
	struct dk_site site;
	enum dk_closed how;
	spinlock_t *lock;

	dk_find(mm, address, &site);
	if (!site.pte)
		return site.huge ? DK_CLOSED_REFUSED : DK_CLOSED_GONE;
	lock = pte_lockptr(mm, site.pmd);
	if (!spin_trylock(lock))
		return DK_CLOSED_BUSY;
	how = dk_close_entry(site.pte, flush);
	spin_unlock(lock);
	return how;
}

static enum dk_closed dk_close_own(struct mm_struct *mm, unsigned long address, bool *flush)
{
	enum dk_closed how;
	unsigned int tries = 0;
	unsigned long flags;

	do {
		local_irq_save(flags);
		how = dk_close_at(mm, address, flush);
		local_irq_restore(flags);
	} while (how == DK_CLOSED_BUSY && ++tries < DK_LOCK_TRIES);
	return how;
}

static enum dk_closed dk_close_foreign(struct mm_struct *mm, unsigned long address, bool *flush)
{
	enum dk_closed how = DK_CLOSED_GONE;
	struct vm_area_struct *vma;

	if (!mmap_read_trylock(mm))
		return DK_CLOSED_BUSY;
	vma = find_vma(mm, address);
	if (vma && vma->vm_start <= address)
		how = dk_close_at(mm, address, flush);
	mmap_read_unlock(mm);
	return how;
}

enum dk_closed dk_shim_close(struct dk_instance *instance, uint32_t index, uint64_t page, struct dk_batch *batch)
{
	unsigned long address = page << PAGE_SHIFT;
	struct dk_space *space = batch->space;
	enum dk_closed how;
	bool own, flush = false;

	if (!space || space->index != index)
		space = xa_load(&instance->spaces, index);
	if (!space || space->closing || space->gone)
		return DK_CLOSED_GONE;
	if (batch->count == DK_BATCH)
		return DK_CLOSED_BUSY;
	own = space->mm == current->mm;
	if (!own && !mmget_not_zero(space->mm))
		return DK_CLOSED_GONE;
	inc_tlb_flush_pending(space->mm);
	how = own ? dk_close_own(space->mm, address, &flush) : dk_close_foreign(space->mm, address, &flush);
	if (flush) {
		dk_batch_add(batch, space->mm, address, !own);
		return how;
	}
	dec_tlb_flush_pending(space->mm);
	if (!own)
		mmput_async(space->mm);
	return how;
}

int dk_shim_accessed(struct dk_instance *instance, uint32_t index, uint64_t page)
{
	struct dk_space *space = xa_load(&instance->spaces, index);
	struct dk_site site;
	unsigned long flags;
	spinlock_t *lock;
	int accessed = 0;

	/* Only the current process' tables can be walked without a lock; for others the answer is "cannot tell". */
	if (!space || space->mm != current->mm)
		return 0;
	local_irq_save(flags);
	dk_find(space->mm, page << PAGE_SHIFT, &site);
	if (site.pte) {
		lock = pte_lockptr(space->mm, site.pmd);
		if (spin_trylock(lock)) {
			if (pte_val(*site.pte) & _PAGE_PRESENT)
				accessed = test_and_clear_bit(_PAGE_BIT_ACCESSED, (unsigned long *)&site.pte->pte);
			spin_unlock(lock);
		}
	}
	local_irq_restore(flags);
	return accessed;
}
