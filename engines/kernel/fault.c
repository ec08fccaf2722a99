// SPDX-License-Identifier: GPL-2.0
/*
 * One fault of a member: asks the core what it costs, waits, and opens the page.
 *
 * The wrapper stands in for handle_mm_fault(). A page that we closed it opens itself and skips the kernel's handler: were the
 * handler to run, and the page evicted in between, do_numa_page() would open it again unseen. Where the handler has to
 * run, because it maps or copies the page, the entry is looked at afterwards and a remote page found open is closed again.
 *
 * On entry the caller holds a VMA lock or mmap_lock for reading, so that the tables of the mapping stay. Interrupts
 * and preemption are on.
 */
#include <linux/delay.h>
#include <linux/hash.h>
#include <linux/sched/signal.h>
#include <linux/userfaultfd_k.h>

#include "clock.h"
#include "lead.h"

/* A stall up to this length is spent spinning, a longer one sleeping until this long before its end. */
#define DK_SPIN_NS (100 * NSEC_PER_USEC)
#define DK_WAKE_EARLY_NS (60 * NSEC_PER_USEC)
/* How often a fault looks for room, without a fetch that is going to make some, before it is let in above the limit: half a
 * second or more. Not a time, because a virtual machine that stands still gets no further. */
#define DK_ROOM_LOOKS 10000
/* After so many rounds of faults of a thread that gets no further, the limit gives way for so many faults. */
#define DK_STUCK_ROUNDS 16
#define DK_STUCK_PAGES 8
/* How long is slept between two looks at what another thread has to do first. */
#define DK_LOOK_NS (20 * NSEC_PER_USEC)

DEFINE_PER_CPU(long, dk_inside);

struct dk_context {
	struct dk_space *space;
	struct dk_instance *instance;
	struct vm_area_struct *vma;
	unsigned long address;
	unsigned int flags;
	struct pt_regs *regs;
	u64 entered; /* when the program faulted, by our clock */
	bool measured; /* the tail is to be measured */
	struct dk_site site;
	enum dk_entry entry;
	struct dk_fault fault;
	struct dk_batch batch;
};

static void dk_sleep(u64 ns)
{
	ktime_t time = ns_to_ktime(ns);

	set_current_state(TASK_KILLABLE);
	schedule_hrtimeout_range(&time, 0, HRTIMER_MODE_REL);
}

/* Waits until @until, or until the thread is killed. Returns the time. */
static u64 dk_wait(const struct dk_instance *instance, u64 until)
{
	u32 how = READ_ONCE(instance->control->parameters.wait);
	u64 now = dk_now();

	while (now < until && !fatal_signal_pending(current)) {
		u64 left = until - now;

		if (how == DIME_WAIT_SLEEP && left > NSEC_PER_USEC)
			dk_sleep(left - NSEC_PER_USEC / 2);
		else if (how == DIME_WAIT_AUTO && left > DK_SPIN_NS)
			dk_sleep(left - DK_WAKE_EARLY_NS);
		else
			cpu_relax();
		now = dk_now();
	}
	return now;
}

static vm_fault_t dk_pass(const struct dk_context *c)
{
	return dk_kernel_handler(c->vma, c->address, c->flags, c->regs);
}

/* The kernel's handler ran on a page that the core did not give out: closes what it should not have opened. */
static vm_fault_t dk_pass_and_audit(struct dk_context *c)
{
	struct dk_instance *instance = c->instance;
	vm_fault_t result = dk_pass(c);

	if (dk_peek(c->space->mm, c->address) != DK_ENTRY_OPEN)
		return result;
	spin_lock(&instance->lock);
	if (dk_core_is_remote(instance->core, c->space->table, c->address >> PAGE_SHIFT)) {
		/* No eviction: it was one before. */
		if (dk_shim_close(instance, c->space->index, c->address >> PAGE_SHIFT, &c->batch) <= DK_CLOSED_CLEAN)
			c->space->usage->evictions--;
		atomic64_inc(&instance->reclosed);
	}
	spin_unlock(&instance->lock);
	dk_batch_flush(&c->batch);
	return result;
}

/* Somebody else's access (ptrace, process_vm_readv): it cannot be stalled and retried here, so the page comes home. */
static vm_fault_t dk_foreign(struct dk_context *c)
{
	struct dk_instance *instance = c->instance;
	vm_fault_t result = dk_pass(c);
	u64 gone;

	if (result & (VM_FAULT_RETRY | VM_FAULT_COMPLETED | VM_FAULT_ERROR))
		return result;
	spin_lock(&instance->lock);
	dk_find(c->space->mm, c->address, &c->site);
	if (unlikely(instance->tiers))
		dk_tiers_choose(c->space, c->vma, c->address);
	if (dk_entry_at(&c->site) == DK_ENTRY_OPEN)
		dk_core_came_home(instance->core, c->space->table, c->address >> PAGE_SHIFT);
	/* Another page goes for it, now and not at the next fault. */
	do {
		gone = dk_core_trim(instance->core, c->entered, DK_BATCH, &c->batch);
		spin_unlock(&instance->lock);
		dk_batch_flush(&c->batch);
		spin_lock(&instance->lock);
	} while (gone);
	spin_unlock(&instance->lock);
	return result;
}

/* The stall as the program sees it, at a moment of our clock. */
static u64 dk_stall_at(const struct dk_context *c, u64 now)
{
	return now - c->entered + dk_lead_ns();
}

static __always_inline void dk_finish(struct dk_context *c, u64 stall)
{
	spin_lock(&c->instance->lock);
	dk_core_finish(c->instance->core, &c->fault, stall);
	dk_process_stats_fault(c->space->usage, c->fault.verdict, stall);
	spin_unlock(&c->instance->lock);
}

static void dk_abandon(struct dk_context *c)
{
	spin_lock(&c->instance->lock);
	dk_core_abandon(c->instance->core, &c->fault);
	spin_unlock(&c->instance->lock);
}

/* The kernel maps the page: a first touch, or one that was swapped out or moved meanwhile. */
static vm_fault_t dk_map(struct dk_context *c, u64 stall)
{
	vm_fault_t result = dk_pass(c);

	/* The locks may be gone by now, so this looks without any. */
	if (!(result & VM_FAULT_ERROR) && dk_peek(c->space->mm, c->address) == DK_ENTRY_OPEN)
		dk_finish(c, stall);
	else
		dk_abandon(c);
	return result;
}

/* An anonymous mapping keeps its table while it is locked; of a file, the kernel may have replaced it meanwhile. */
static bool dk_open_found_again(struct dk_context *c)
{
	bool opened;

	rcu_read_lock();
	dk_find(c->space->mm, c->address, &c->site);
	opened = c->site.pte && dk_open(c->space->mm, &c->site, c->flags & FAULT_FLAG_WRITE);
	rcu_read_unlock();
	return opened;
}

static __always_inline bool dk_open_fetched(struct dk_context *c)
{
	if (likely(vma_is_anonymous(c->vma)))
		return dk_open_entry(c->site.pte, c->flags & FAULT_FLAG_WRITE);
	return dk_open_found_again(c);
}

static __always_inline bool dk_reopen(struct dk_context *c)
{
	if (likely(vma_is_anonymous(c->vma)))
		return dk_open(c->space->mm, &c->site, c->flags & FAULT_FLAG_WRITE);
	return dk_open_found_again(c);
}

/* What the entry of the page is now. The site was found just now, or, for a file's page, is found again. */
static __always_inline enum dk_entry dk_look(struct dk_context *c)
{
	enum dk_entry entry;

	if (likely(vma_is_anonymous(c->vma)))
		return dk_entry_at(&c->site);
	rcu_read_lock();
	dk_find(c->space->mm, c->address, &c->site);
	entry = dk_entry_at(&c->site);
	rcu_read_unlock();
	return entry;
}

static vm_fault_t dk_fetch(struct dk_context *c)
{
	u64 lead = dk_lead_ns();
	u64 until = c->fault.ready_ns > lead ? c->fault.ready_ns - lead : 0;
	u64 waited = c->entered;

	if (c->fault.verdict == DK_REMOTE || until > c->entered)
		waited = dk_wait(c->instance, until);
	if (c->entry != DK_ENTRY_CLOSED)
		return dk_map(c, dk_stall_at(c, waited));
	if (!dk_open_fetched(c))
		return dk_map(c, dk_stall_at(c, waited));
	dk_finish(c, dk_stall_at(c, waited));
	if (c->measured)
		dk_lead_tail(dk_now() - waited);
	__set_current_state(TASK_RUNNING);
	return 0;
}

/* Another thread fetches the page. */
static vm_fault_t dk_join(struct dk_context *c)
{
	atomic64_inc(&c->space->usage->joined);
	if (c->entry != DK_ENTRY_CLOSED)
		return dk_pass_and_audit(c);
	while (READ_ONCE(*c->fault.state) == DK_STATE_IN_FLIGHT && !fatal_signal_pending(current)) {
		cpu_relax();
		if (dk_now() - c->entered > DK_SPIN_NS)
			dk_sleep(DK_LOOK_NS);
	}
	__set_current_state(TASK_RUNNING);
	return 0;
}

/*
 * Whether the limit gives way: an instruction, or a loop of the kernel's, that needs more pages at once than are local evicts one
 * of them for another for ever. So the same registers fault on the same page again and again, with others in between; a
 * loop of the program's that gets on has other registers at each turn. Asked where limits are tight only.
 */
static noinline bool dk_stuck(const struct dk_context *c)
{
	struct dk_stuck *stuck = &c->space->stuck[hash_ptr(current, DK_STUCK_BITS)];
	const unsigned long *registers = (const unsigned long *)c->regs;
	unsigned long place = c->address;
	unsigned int i;

	if (!c->regs)
		return false;
	if (stuck->task == current && stuck->grace) {
		stuck->grace--;
		return true;
	}
	for (i = 0; i < offsetof(struct pt_regs, orig_ax) / sizeof(*registers); i++)
		place = rol64(place, 5) ^ registers[i];
	place = rol64(place, 5) ^ c->regs->ip;
	place = rol64(place, 5) ^ c->regs->sp;
	if (stuck->task != current || (stuck->place != place && stuck->steps == DK_STUCK_PAGES)) {
		*stuck = (struct dk_stuck){ .task = current, .place = place };
	} else if (stuck->place != place) {
		stuck->steps++;
	} else if (stuck->steps) {
		/* The same page at once is one that was looked at before it was opened. */
		stuck->steps = 0;
		if (++stuck->rounds == DK_STUCK_ROUNDS) {
			*stuck = (struct dk_stuck){ .task = current, .place = place, .grace = DK_STUCK_PAGES - 1 };
			return true;
		}
	}
	return false;
}

/* Waits for room; true when it has been long enough. @looks: how often there was no fetch that would make some. */
static bool dk_wait_for_room(const struct dk_context *c, unsigned int *looks)
{
	*looks = c->fault.kind ? 0 : *looks + 1;
	if (*looks > DK_ROOM_LOOKS || fatal_signal_pending(current))
		return true;
	if (dk_now() - c->entered > DK_SPIN_NS)
		dk_sleep(DK_LOOK_NS);
	else
		cpu_relax();
	return false;
}

/* Asks the core until it has an answer. The site was found just now. */
static void dk_ask(struct dk_context *c)
{
	struct dk_instance *instance = c->instance;
	unsigned int looks = 0;

	c->fault.at_ns = c->entered;
	c->fault.force = unlikely(READ_ONCE(instance->tight)) && dk_stuck(c);
	for (;;) {
		spin_lock(&instance->lock);
		c->entry = dk_look(c);
		if (unlikely(instance->tiers))
			dk_tiers_choose(c->space, c->vma, c->address);
		dk_core_fault(instance->core, c->space->table, c->address >> PAGE_SHIFT, c->entry, &c->batch, &c->fault);
		spin_unlock(&instance->lock);
		if (c->batch.count)
			dk_batch_flush(&c->batch);
		if (unlikely(dk_heap_pending(&instance->heap)))
			dk_instance_serve_heap(instance, GFP_KERNEL);
		if (likely(c->fault.verdict != DK_AGAIN && c->fault.verdict != DK_NO_MEMORY))
			break;
		/* Memory that a dying thread waits for may never come: the kernel's handler lets it die. */
		if (c->fault.verdict == DK_NO_MEMORY && fatal_signal_pending(current))
			break;
		if (c->fault.verdict == DK_AGAIN)
			c->fault.force = dk_wait_for_room(c, &looks);
		cond_resched();
		dk_find(c->space->mm, c->address, &c->site);
	}
	if (unlikely(c->fault.force) && (c->fault.verdict == DK_REMOTE || c->fault.verdict == DK_FIRST_TOUCH))
		atomic64_inc(&instance->forced);
}

static vm_fault_t dk_emulate(struct dk_context *c)
{
	if (unlikely(READ_ONCE(c->space->bounced) == current)) {
		u64 first = dk_lead_return(c->space, c->address, c->entered);

		c->measured = first != c->entered;
		c->entered = first;
	}
	dk_find(c->space->mm, c->address, &c->site);
	if (unlikely(c->site.huge))
		return dk_pass(c);
	if (unlikely(dk_lead_due()) && !c->measured && (c->flags & FAULT_FLAG_USER) &&
	    dk_entry_at(&c->site) == DK_ENTRY_CLOSED && dk_lead_bounce(c->space, c->address, c->entered)) {
		__set_current_state(TASK_RUNNING);
		return 0;
	}
	dk_ask(c);
	switch (c->fault.verdict) {
	case DK_FIRST_TOUCH:
	case DK_REMOTE:
		return dk_fetch(c);
	case DK_JOINED:
		return dk_join(c);
	case DK_REOPEN:
		if (dk_reopen(c)) {
			__set_current_state(TASK_RUNNING);
			return 0;
		}
		break;
	}
	return dk_pass_and_audit(c);
}

vm_fault_t dk_fault_wrapper(struct vm_area_struct *vma, unsigned long address, unsigned int flags, struct pt_regs *regs)
{
	struct dk_context c __uninitialized; /* the kernel would clear all of the batch, for each fault */
	vm_fault_t result;

	c.entered = dk_now();
	this_cpu_inc(dk_inside);
	c.space = dk_space_get(vma->vm_mm);
	if (unlikely(!c.space)) {
		result = dk_kernel_handler(vma, address, flags, regs);
		goto out;
	}
	c.instance = c.space->instance;
	c.vma = vma;
	c.address = address & PAGE_MASK;
	c.flags = flags;
	c.regs = regs;
	c.measured = false;
	c.batch.space = c.space;
	c.batch.count = 0;
	if (!dk_in_scope(c.space, vma))
		result = dk_kernel_handler(vma, address, flags, regs);
	else if (unlikely(c.space->mm != current->mm || (flags & FAULT_FLAG_REMOTE)))
		result = dk_foreign(&c);
	else
		result = dk_emulate(&c);
	dk_space_put(c.space);
out:
	this_cpu_dec(dk_inside);
	return result;
}

void dk_fault_quiesce(void)
{
	long inside;
	int cpu;

	for (;;) {
		inside = 0;
		for_each_possible_cpu(cpu)
			inside += READ_ONCE(*per_cpu_ptr(&dk_inside, cpu));
		if (!inside)
			return;
		msleep(1);
	}
}
