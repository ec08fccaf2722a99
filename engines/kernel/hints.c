// SPDX-License-Identifier: GPL-2.0
/*
 * What programs say by prctl: names of their memory, which tier some of it goes to, and where a phase begins.
 *
 * The wrapper stands in for the system call, in the thread's own context and without any lock, so it may sleep. It takes dk_mutex
 * before it looks for the space: whoever takes a space apart holds dk_mutex and waits for those that have found it. Names and
 * places are changed under the instance's lock with mmap_lock held for reading, so that an unmapping, whose notice
 * makes them forgotten, comes before or after.
 *
 * Names are kept here on every kernel: Debian's have none of their own (CONFIG_ANON_VMA_NAME), and refuse them with EINVAL.
 */
#include <linux/compat.h>
#include <linux/slab.h>
#include <linux/thread_info.h>
#include <linux/timekeeping.h>
#include <linux/uaccess.h>

#include "rules.h"
#include "shim.h"

struct dk_call {
	int option;
	unsigned long operation;
	unsigned long address;
	unsigned long bytes;
	const char __user *name;
};

static void dk_call_read(const struct pt_regs *regs, struct dk_call *call)
{
	bool ia32 = in_ia32_syscall();

	call->option = ia32 ? regs->bx : regs->di;
	call->operation = ia32 ? (u32)regs->cx : regs->si;
	call->address = ia32 ? (u32)regs->dx : regs->dx;
	call->bytes = ia32 ? (u32)regs->si : regs->r10;
	call->name = ia32 ? compat_ptr(regs->di) : (const char __user *)regs->r8;
}

/* Cuts what does not fit; false if the pointer is bad. */
static bool dk_call_name(const struct dk_call *call, char *name, int bytes)
{
	long length = strncpy_from_user(name, call->name, bytes);

	if (length == bytes)
		name[bytes - 1] = '\0';
	return length >= 0;
}

/* The space of the current process; the caller lets go of it with dk_hint_end() in any case. */
static struct dk_space *dk_hint_begin(void)
{
	mutex_lock(&dk_mutex);
	return dk_space_get(current->mm);
}

static void dk_hint_end(struct dk_space *space)
{
	if (space)
		dk_space_put(space);
	mutex_unlock(&dk_mutex);
}

/* ---- names ---- */

static void dk_hint_name(struct dk_space *space, unsigned long start, unsigned long end, const char *name)
{
	struct dk_instance *instance = space->instance;
	struct vm_area_struct *vma;
	int err = 0;

	if (!space->names && *name) {
		void *memory = kzalloc(dk_names_bytes(), GFP_KERNEL_ACCOUNT);

		if (!memory) {
			atomic64_inc(&instance->not_kept);
			return;
		}
		spin_lock(&instance->lock);
		space->names = dk_names_create(memory);
		spin_unlock(&instance->lock);
	}
	if (!space->names)
		return;
	mmap_read_lock(space->mm);
	{
		VMA_ITERATOR(vmi, space->mm, start);

		for_each_vma_range(vmi, vma, end) {
			unsigned long from = max(start, vma->vm_start), to = min(end, vma->vm_end);

			if (!vma_is_anonymous(vma))
				continue;
			spin_lock(&instance->lock);
			err = dk_names_set(space->names, from, to, name) ?: err;
			spin_unlock(&instance->lock);
			if (instance->tiers)
				dk_tiers_replace(space, vma, vma->vm_start, vma->vm_end);
		}
	}
	mmap_read_unlock(space->mm);
	if (err)
		atomic64_inc(&instance->not_kept);
	if (instance->tiers)
		dk_instance_trim(instance);
}

static void dk_call_named(const struct dk_call *call)
{
	unsigned long bytes = PAGE_ALIGN(call->bytes), end = call->address + bytes;
	char name[DK_MEMORY_NAME_BYTES] = "";
	struct dk_space *space;

	if (offset_in_page(call->address) || end <= call->address || end > TASK_SIZE_MAX)
		return;
	/* NULL takes the name back. */
	if (call->name && !dk_call_name(call, name, sizeof(name)))
		return;
	space = dk_hint_begin();
	if (space)
		dk_hint_name(space, call->address, end, name);
	dk_hint_end(space);
}

/* ---- places ---- */

static int dk_places_begin(struct dk_space *space)
{
	struct dk_instance *instance = space->instance;
	void *memory;
	int err = dk_tiers_use(instance);

	if (err || space->places)
		return err;
	memory = kvzalloc(dk_places_bytes(), GFP_KERNEL_ACCOUNT);
	if (!memory)
		return -ENOMEM;
	spin_lock(&instance->lock);
	space->places = dk_places_create(memory);
	spin_unlock(&instance->lock);
	return 0;
}

/* 0 or a positive errno, as the program gets it. */
static int dk_hint_place(struct dk_space *space, const struct dk_call *call, const char *name)
{
	struct dk_instance *instance = space->instance;
	u32 tier = dk_rules_find_tier(&instance->control->placement, name);
	unsigned long start = call->address & PAGE_MASK, end = call->address + call->bytes;
	struct vm_area_struct *vma;
	int err = 0;

	if (tier == DIME_MAX_TIERS)
		return ENOENT;
	if (end <= call->address || end > TASK_SIZE_MAX)
		return EINVAL;
	if (dk_places_begin(space))
		return ENOMEM;
	end = PAGE_ALIGN(end);
	mmap_read_lock(space->mm);
	{
		VMA_ITERATOR(vmi, space->mm, start);

		for_each_vma_range(vmi, vma, end) {
			unsigned long from = max(start, vma->vm_start), to = min(end, vma->vm_end);

			spin_lock(&instance->lock);
			err = dk_places_set(space->places, from, to, tier) ? ENOMEM : err;
			spin_unlock(&instance->lock);
			dk_tiers_replace(space, vma, from, to);
			if (tier == DIME_TIER_LOCAL && !err && dk_in_scope(space, vma))
				dk_space_bring_range_home(space, from, to);
		}
	}
	mmap_read_unlock(space->mm);
	dk_instance_trim(instance);
	return err;
}

/* ---- phases ---- */

static void dk_hint_mark(struct dk_space *space, const char *name)
{
	struct dk_instance *instance = space->instance;
	struct dime_control *control = instance->control;
	const struct dime_counters *counters = &control->counters;
	struct dime_mark *mark;

	spin_lock(&instance->lock);
	if (control->mark_count++ < DIME_MAX_MARKS) {
		mark = &control->marks[control->mark_count - 1];
		mark->at_ns = ktime_get_ns();
		mark->first_touch = counters->faults_first_touch;
		mark->remote = counters->faults_remote;
		mark->joined = counters->faults_joined;
		mark->evictions = counters->evictions_clean + counters->evictions_dirty;
		mark->stall_ns = control->stall_ns.sum;
		mark->pid = task_tgid_nr(current);
		strscpy(mark->name, name, sizeof(mark->name));
		smp_store_release(&mark->ready, 1);
	}
	spin_unlock(&instance->lock);
}

/* ---- the wrapper ---- */

/* What DIME_CALL ends with: 0, a positive errno, or, for a process that is no member, what the kernel says. */
static long dk_call_answer(const struct pt_regs *regs, const struct dk_call *call)
{
	char name[DIME_PATTERN_BYTES];
	struct dk_space *space;
	bool readable = dk_call_name(call, name, sizeof(name));
	long result = 0;

	space = dk_hint_begin();
	if (!space) {
		dk_hint_end(space);
		return dk_kernel_prctl(regs);
	}
	if (call->operation != DIME_CALL_PLACE && call->operation != DIME_CALL_MARK)
		result = EINVAL;
	else if (!readable)
		result = EFAULT;
	else if (call->operation == DIME_CALL_PLACE)
		result = dk_hint_place(space, call, name);
	else
		dk_hint_mark(space, name);
	dk_hint_end(space);
	return result;
}

long dk_prctl_wrapper(const struct pt_regs *regs)
{
	struct dk_call call;
	long result;

	this_cpu_inc(dk_inside);
	dk_call_read(regs, &call);
	if (call.option == DIME_CALL) {
		result = dk_call_answer(regs, &call);
	} else {
		result = dk_kernel_prctl(regs);
		if (!result || result == -EINVAL)
			dk_call_named(&call);
	}
	this_cpu_dec(dk_inside);
	return result;
}

/* ---- what becomes of memory ---- */

void dk_hints_unmapped(struct dk_space *space, unsigned long start, unsigned long end)
{
	if (likely(!READ_ONCE(space->names) && !READ_ONCE(space->places)))
		return;
	spin_lock(&space->instance->lock);
	if (space->names)
		dk_names_clear(space->names, start, end);
	if (space->places)
		dk_places_clear(space->places, start, end);
	spin_unlock(&space->instance->lock);
}

void dk_hints_moved(struct dk_space *space, unsigned long from, unsigned long to, unsigned long bytes)
{
	spin_lock(&space->instance->lock);
	if (space->names)
		dk_names_move(space->names, from, to, bytes);
	if (space->places)
		dk_places_move(space->places, from, to, bytes);
	spin_unlock(&space->instance->lock);
}

struct dk_names *dk_hints_copy(struct mm_struct *mm)
{
	struct dk_space *space = dk_space_get(mm);
	struct dk_names *names = NULL;
	void *memory;

	if (!space)
		return NULL;
	if (READ_ONCE(space->names)) {
		memory = kzalloc(dk_names_bytes(), GFP_ATOMIC | __GFP_NOWARN);
		spin_lock(&space->instance->lock);
		if (memory)
			names = dk_names_copy(memory, space->names);
		else
			atomic64_inc(&space->instance->not_kept);
		spin_unlock(&space->instance->lock);
	}
	dk_space_put(space);
	return names;
}
