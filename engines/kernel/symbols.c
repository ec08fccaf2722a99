// SPDX-License-Identifier: GPL-2.0
/*
 * Functions that the kernel does not export, found by name.
 *
 * kallsyms_lookup_name() is not exported either, but a kprobe on it tells its address. The functions are called through
 * static calls: these are patched into direct calls, which need no retpoline and, on processors with indirect-branch
 * tracking, no ENDBR at the target (the kernel removes it from functions whose address it never takes).
 */
#define pr_fmt(fmt) "dime: " fmt

#include <linux/kprobes.h>
#include <linux/static_call.h>
#include <asm/tlbflush.h>

#include "shim.h"

typedef unsigned long (*dk_lookup_fn)(const char *name);

static unsigned long dk_lookup_missing(const char *name)
{
	return 0;
}

static void dk_flush_missing(struct mm_struct *mm, unsigned long start, unsigned long end, unsigned int stride_shift,
			     bool freed_tables)
{
}

static void dk_split_missing(struct vm_area_struct *vma, pmd_t *pmd, unsigned long address, bool freeze,
			     struct folio *folio)
{
}

void dk_flush_one_missing(unsigned long address)
{
}

long dk_prctl_missing(const struct pt_regs *regs)
{
	return -ENOSYS;
}

DEFINE_STATIC_CALL(dk_lookup, dk_lookup_missing);
DEFINE_STATIC_CALL(dk_flush_range, dk_flush_missing);
DEFINE_STATIC_CALL(dk_flush_single, dk_flush_one_missing);
DEFINE_STATIC_CALL(dk_split, dk_split_missing);
DEFINE_STATIC_CALL(dk_prctl, dk_prctl_missing);
DEFINE_STATIC_CALL(dk_prctl_ia32, dk_prctl_missing);

bool dk_has_flush_one __read_mostly;

void dk_flush(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	static_call(dk_flush_range)(mm, start, end, PAGE_SHIFT, false);
}

void dk_split_huge(struct vm_area_struct *vma, pmd_t *pmd, unsigned long address)
{
	static_call(dk_split)(vma, pmd, address, false, NULL);
}

unsigned long dk_symbol(const char *name)
{
	return static_call(dk_lookup)(name);
}

static unsigned long dk_address_of(const char *name)
{
	unsigned long address = dk_symbol(name);

	if (!address)
		pr_err("this kernel has no function %s: the module cannot work here\n", name);
	return address;
}

int dk_symbols_init(void)
{
	struct kprobe probe = { .symbol_name = "kallsyms_lookup_name" };
	unsigned long lookup, flush, flush_one, split, prctl;
	int err = register_kprobe(&probe);

	if (err) {
		pr_err("no kprobe on kallsyms_lookup_name (error %d): is CONFIG_KPROBES set?\n", err);
		return err;
	}
	lookup = (unsigned long)probe.addr - probe.offset;
	unregister_kprobe(&probe);
	static_call_update(dk_lookup, (dk_lookup_fn)lookup);

	flush = dk_address_of("flush_tlb_mm_range");
	split = dk_address_of("__split_huge_pmd");
	prctl = dk_address_of("__x64_sys_prctl");
	if (!flush || !split || !prctl)
		return -ENOENT;
	static_call_update(dk_prctl, (typeof(&dk_prctl_missing))prctl);
#ifdef CONFIG_IA32_EMULATION
	prctl = dk_address_of("__ia32_sys_prctl");
	if (!prctl)
		return -ENOENT;
	static_call_update(dk_prctl_ia32, (typeof(&dk_prctl_missing))prctl);
#endif
	static_call_update(dk_flush_range, (typeof(&dk_flush_missing))flush);
	static_call_update(dk_split, (typeof(&dk_split_missing))split);
	/* Without it, every flush takes the way that asks the other processors. */
	flush_one = dk_symbol("native_flush_tlb_one_user");
	if (flush_one) {
		static_call_update(dk_flush_single, (typeof(&dk_flush_one_missing))flush_one);
		dk_has_flush_one = true;
	}
	return 0;
}
