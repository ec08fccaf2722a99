/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What differs between Debian's kernels from 6.1 to 7.3, one feature test each, with the upstream change behind it. What the
 * preprocessor cannot tell is tested in Kbuild, what only the running kernel can tell in signatures.c.
 */
#ifndef DK_COMPAT_H
#define DK_COMPAT_H

#include <linux/ftrace.h>
#include <linux/mm.h>
#include <linux/sched/coredump.h>
#include <linux/swapops.h>

/* 6.12, "mm: turn USE_SPLIT_PTE_PTLOCKS / USE_SPLIT_PTE_PTLOCKS into Kconfig options". */
#ifdef CONFIG_SPLIT_PTE_PTLOCKS
#define DK_SPLIT_LOCKS
#elif defined(USE_SPLIT_PTE_PTLOCKS)
#if USE_SPLIT_PTE_PTLOCKS
#define DK_SPLIT_LOCKS
#endif
#endif

/* 6.19, "mm: introduce leaf entry type and use to simplify leaf entry logic". */
#if __has_include(<linux/leafops.h>)
#include <linux/leafops.h>
#define dk_is_migration(pte) softleaf_is_migration(softleaf_from_pte(pte))
#else
#define dk_is_migration(pte) is_migration_entry(pte_to_swp_entry(pte))
#endif

/* 6.18, "mm: add bitmap mm->flags field" and "prctl: extend PR_SET_THP_DISABLE to optionally exclude VM_HUGEPAGE". */
#ifdef MMF_DISABLE_THP_COMPLETELY
static inline bool dk_thp_test_and_disable(struct mm_struct *mm)
{
	return mm_flags_test_and_set(MMF_DISABLE_THP_COMPLETELY, mm);
}

static inline void dk_thp_enable(struct mm_struct *mm)
{
	mm_flags_clear(MMF_DISABLE_THP_COMPLETELY, mm);
}
#else
static inline bool dk_thp_test_and_disable(struct mm_struct *mm)
{
	return test_and_set_bit(MMF_DISABLE_THP, &mm->flags);
}

static inline void dk_thp_enable(struct mm_struct *mm)
{
	clear_bit(MMF_DISABLE_THP, &mm->flags);
}
#endif

/* 6.13, "ftrace: Make ftrace_regs abstract from direct use". */
#ifdef arch_ftrace_regs
#define dk_regs(fregs) (&arch_ftrace_regs(fregs)->regs)
#else
#define dk_regs(fregs) (&(fregs)->regs)
#endif

/*
 * 6.4, "ftrace: Rename _ftrace_direct_multi APIs to _ftrace_direct APIs": before, the plain names are for a single function.
 * DK_DIRECT_MULTI is set by Kbuild.
 */
#ifdef DK_DIRECT_MULTI
#define dk_register_direct(ops, to) register_ftrace_direct_multi(ops, to)
#define dk_unregister_direct(ops, to) unregister_ftrace_direct_multi(ops, to)
#else
#define dk_register_direct(ops, to) register_ftrace_direct(ops, to)
#define dk_unregister_direct(ops, to) unregister_ftrace_direct(ops, to, false)
#endif

/* 6.17, "mm: remove devmap related functions and page table bits": before, device memory has a bit of its own. */
#ifdef _PAGE_DEVMAP
#define DK_DEVMAP _PAGE_DEVMAP
#else
#define DK_DEVMAP 0
#endif

/* 6.6, "x86/mm: Introduce _PAGE_SAVED_DIRTY": a page may be dirty by either of two bits. */
#ifdef _PAGE_DIRTY_BITS
#define DK_DIRTY _PAGE_DIRTY_BITS
#else
#define DK_DIRTY _PAGE_DIRTY
#endif

#endif
