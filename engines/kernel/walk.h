/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Single page-table entries: finding them, and what their bits mean to this module.
 *
 * A remote access finds two entries, so this is inline and reads the tables plainly: the accessors of pgtable.h are
 * paravirtual, for Xen PV only, and look up what cannot change between two levels. A closed entry is described in pte.c.
 */
#ifndef DK_WALK_H
#define DK_WALK_H

#include <linux/mm.h>
#include <asm/pgtable.h>

#include "bridge.h"
#include "compat.h"

struct dk_site {
	pte_t *pte; /* NULL: no page table, or a huge page */
	pmd_t *pmd; /* valid with pte, and where a huge pmd was found; else NULL */
	u64 table;  /* valid with pte: the entry of the table that holds it */
	bool huge;
};

static __always_inline bool dk_pte_closed(pteval_t pte)
{
	return (pte & (_PAGE_PRESENT | _PAGE_PROTNONE | _PAGE_USER)) == (_PAGE_PROTNONE | _PAGE_USER);
}

/* Whether the kernel is moving the page to another frame: it makes the page accessible when it is done. */
static __always_inline bool dk_is_migrating(pteval_t pte)
{
	return pte && !(pte & (_PAGE_PRESENT | _PAGE_PROTNONE)) && dk_is_migration(__pte(pte));
}

/* The entry of the next lower table, for the index that starts at bit @shift of @address. */
static __always_inline u64 *dk_below(u64 entry, u64 frame, unsigned long address, unsigned int shift)
{
	return (u64 *)__va(entry & frame) + ((address >> shift) & (PTRS_PER_PTE - 1));
}

static __always_inline bool dk_is_table(u64 entry)
{
	return (entry & (_PAGE_PRESENT | _PAGE_PSE)) == _PAGE_PRESENT;
}

/*
 * Finds the entry of @address. The caller keeps the tables in place: by a lock on the mapping, or, in the process' own
 * context, with interrupts off.
 */
static __always_inline void dk_find(struct mm_struct *mm, unsigned long address, struct dk_site *site)
{
	u64 *at = (u64 *)mm->pgd + pgd_index(address), entry = READ_ONCE(*at), frame = PTE_PFN_MASK;

	OPTIMIZER_HIDE_VAR(frame); /* or it is put together again at each level */
	site->pte = NULL;
	site->pmd = NULL;
	site->huge = false;
	if (pgtable_l5_enabled()) {
		if (unlikely(!(entry & _PAGE_PRESENT)))
			return;
		entry = READ_ONCE(*dk_below(entry, frame, address, P4D_SHIFT));
	}
	if (unlikely(!(entry & _PAGE_PRESENT)))
		return;
	entry = READ_ONCE(*dk_below(entry, frame, address, PUD_SHIFT));
	if (unlikely(!dk_is_table(entry))) {
		site->huge = entry != 0;
		return;
	}
	at = dk_below(entry, frame, address, PMD_SHIFT);
	entry = READ_ONCE(*at);
	if (unlikely(!dk_is_table(entry))) {
		site->huge = entry != 0;
		site->pmd = site->huge ? (pmd_t *)at : NULL;
		return;
	}
	site->pmd = (pmd_t *)at;
	site->table = entry;
	site->pte = (pte_t *)dk_below(entry, frame, address, PAGE_SHIFT);
}

/* The lock of the page table at a site with an entry: pte_lockptr() without reading the table above again. */
static __always_inline spinlock_t *dk_lock_of(struct mm_struct *mm, const struct dk_site *site)
{
#ifdef DK_SPLIT_LOCKS
	return ptlock_ptr((void *)pfn_to_page((site->table & PTE_PFN_MASK) >> PAGE_SHIFT));
#else
	return pte_lockptr(mm, site->pmd);
#endif
}

static __always_inline enum dk_entry dk_entry_at(const struct dk_site *site)
{
	pteval_t pte;

	if (unlikely(!site->pte))
		return site->huge ? DK_ENTRY_OTHER : DK_ENTRY_NONE;
	pte = READ_ONCE(site->pte->pte);
	if (dk_pte_closed(pte))
		return DK_ENTRY_CLOSED;
	if (pte & _PAGE_PRESENT)
		return DK_ENTRY_OPEN;
	return pte_none(__pte(pte)) ? DK_ENTRY_NONE : DK_ENTRY_OTHER;
}

/*
 * Exchanges an entry for one that is accessible, or the other way. The frame number of an entry that is not present is
 * stored inverted (against L1TF, as in flip_protnone_guard()), so it changes both ways.
 */
static __always_inline bool dk_exchange(pte_t *pte, pteval_t *old, pteval_t new)
{
	return try_cmpxchg(&pte->pte, old, new ^ PTE_PFN_MASK);
}

/*
 * Makes a page that we closed accessible; false if it is not (any more) closed by us. Without the page-table lock: others
 * take entries out by an atomic exchange, because the processor sets bits in them, too, and look at what they got. So they
 * get the entry as it was before or after; see ADR 0028.
 */
static __always_inline bool dk_open_entry(pte_t *pte, bool write)
{
	pteval_t new, old = READ_ONCE(pte->pte);

	do {
		if (unlikely(!dk_pte_closed(old)))
			return false;
		new = (old & ~_PAGE_PROTNONE) | _PAGE_PRESENT | _PAGE_ACCESSED;
		if (write && (old & _PAGE_RW))
			new |= _PAGE_DIRTY | _PAGE_SOFT_DIRTY;
	} while (unlikely(!dk_exchange(pte, &old, new)));
	return true;
}

/* The same under the lock, where the mapping does not keep the table. */
static __always_inline bool dk_open(struct mm_struct *mm, const struct dk_site *site, bool write)
{
	spinlock_t *lock = dk_lock_of(mm, site);
	bool opened;

	spin_lock(lock);
	opened = dk_open_entry(site->pte, write);
	spin_unlock(lock);
	return opened;
}

#endif
