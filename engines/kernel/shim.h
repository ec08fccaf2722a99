/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of the shim share.
 *
 * Locks, outermost first:
 *   dk_mutex            the list of instances, members coming and going, configuration
 *   mmap_lock, VMA lock, rmap locks (the kernel's; callers of the hook and of the notifier hold some of them)
 *   dk_processes_lock   the processes by pid, and their links to instances and spaces
 *   dk_instance.lock    the core of one instance, closing of its pages
 *   page-table lock     (the kernel's)
 * dk_space_lock (the table of spaces) is a leaf. Nothing is flushed, waited for or allocated with GFP_KERNEL under a
 * spinlock. The hook never blocks on mmap_lock: the fault holds a VMA lock, and a writer of mmap_lock may wait for that.
 */
#ifndef DK_SHIM_H
#define DK_SHIM_H

#include <linux/completion.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mm_inline.h>
#include <linux/mmu_notifier.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/prctl.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/spinlock.h>
#include <linux/static_call.h>
#include <linux/task_work.h>
#include <linux/userfaultfd_k.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include <dime/call.h>

#include "bridge.h"
#include "hints.h"
#include "walk.h"

extern struct mutex dk_mutex;

/* ---- heap.c: the core's memory, which has to come from atomic context ---- */

/* Blocks are handed out and taken back under the instance's lock and obtained and freed outside of it. */
struct dk_heap {
	struct list_head reserve; /* blocks ready to be handed out */
	struct list_head retired; /* blocks to be freed */
	u64 wanted;               /* size of the request that could not be met, 0 = none */
	bool pending;             /* there is something in `wanted` or `retired` */
};

void dk_heap_init(struct dk_heap *heap);
/* Frees what is left. REQUIRES: the core is gone. */
void dk_heap_destroy(struct dk_heap *heap);
/* True if dk_heap_serve() has work to do. Racy, and harmless where it errs. */
static inline bool dk_heap_pending(const struct dk_heap *heap)
{
	return READ_ONCE(heap->pending);
}

/* ---- policy.c ---- */

struct dk_policy;

/* A line for each registered policy, and for FIFO, which is built in. */
void dk_policies_show(struct seq_file *seq);
/* A reference to the policy that @text, NAME[,PARAMETER=VALUE]..., names, loading its module if need be; NULL if there is none. Sleeps. */
struct dk_policy *dk_policy_get(const char *text);
void dk_policy_put(struct dk_policy *policy);
/* Its operations; valid as long as the reference is held. */
const struct dime_policy_ops *dk_policy_ops(const struct dk_policy *policy);

/* ---- link.c ---- */

struct dk_link;

/* A reference to the link called @name, made where there is none; NULL without memory. Sleeps. */
struct dk_link *dk_link_get(const char *name);
void dk_link_put(struct dk_link *link);
struct dime_link *dk_link_record(struct dk_link *link);

/* ---- rules.c: tiers and rules ---- */

/* What an instance with more than one tier has beside its placement. */
struct dk_tiers {
	struct dk_policy *policies[DIME_MAX_TIERS]; /* of local sets; under dk_mutex */
	struct dk_link *links[DIME_MAX_TIERS];
	char comm[DIME_COMM_BYTES]; /* these under the instance's lock: what rules are asked about */
	char path[256];
};

/* ---- instance.c ---- */

struct dk_instance {
	struct list_head node; /* dk_instances, under dk_mutex */
	struct kref refs;
	u32 id;
	spinlock_t lock; /* guards core, heap, spaces' tables */
	struct dk_core *core;
	struct dk_heap heap;
	struct xarray spaces; /* of struct dk_space, by their number */
	struct list_head processes; /* of struct dk_process, under dk_processes_lock */
	struct list_head usages;    /* of struct dk_process_stats, under dk_processes_lock */
	u32 usages_over;            /* of them, of processes that left */
	struct pid *owner;          /* keeps an instance without members alive; under dk_mutex */
	struct dime_control *control; /* without members */
	struct dk_policy *policy; /* under dk_mutex */
	struct dk_link *link;     /* under dk_mutex; NULL = its own */
	struct dk_tiers *tiers;   /* changed under dk_mutex and lock; NULL = there is one tier */
	atomic64_t forced;        /* pages that were let in above the limit */
	bool tight;               /* a limit is so small that an instruction may need more pages at once */
	atomic64_t reclosed;      /* remote pages found open and closed again */
	atomic64_t not_followed;
	atomic64_t not_kept;      /* names of memory for which there was no room */
	struct work_struct free;
	u8 core_memory[] __aligned(16);
};

extern struct list_head dk_instances;
extern unsigned long dk_floor_ns; /* what a remote access costs here at least, as `dime` measured it; 0 = not yet */

struct dk_instance *dk_instance_find(u32 id);
/* -EUSERS beyond DK_MAX_INSTANCES. REQUIRES: dk_mutex. */
struct dk_instance *dk_instance_create(u32 id);
/* Removes the instances with keep=0 that have neither a member nor a living owner. REQUIRES: dk_mutex. */
void dk_instances_reap(void);
/* Its members leave, and it goes off the list. REQUIRES: dk_mutex. */
void dk_instance_remove(struct dk_instance *instance);
void dk_instance_get(struct dk_instance *instance);
void dk_instance_put(struct dk_instance *instance);
/* keep=0 makes the process that asks for it the owner, unless there is one that lives. REQUIRES: dk_mutex. */
void dk_instance_set_keep(struct dk_instance *instance, bool keep);
/* The ranking of a tier is @policy's from now on; who keeps the policy is the caller's. 0 or -ENOMEM. */
int dk_instance_start_policy(struct dk_instance *instance, u32 tier, struct dk_policy *policy, const char *text);
int dk_instance_use_policy(struct dk_instance *instance, const char *text);
/* Tiers that have a limit and no policy of their own take the instance's. */
int dk_tiers_follow_policy(struct dk_instance *instance);
int dk_instance_use_link(struct dk_instance *instance, const char *name);
/* Notes whether limits are tight. REQUIRES: dk_mutex. */
void dk_instance_note_limits(struct dk_instance *instance);
/* Evicts until the instance keeps its limits; gives up after a second in which pages could not be closed. Sleeps. */
void dk_instance_trim(struct dk_instance *instance);
/* Frees and obtains what the heap waits for; false if it was not to be had. Sleeps as @gfp allows. */
bool dk_instance_serve_heap(struct dk_instance *instance, gfp_t gfp);

struct dk_space;
void dk_tiers_free(struct dk_instance *instance);
/* There are tiers from now on, if there were none: those that each instance has. REQUIRES: dk_mutex. */
int dk_tiers_use(struct dk_instance *instance);
/* Says to the core which tier @address is of, should it be touched for the first time. REQUIRES: the instance's lock, tiers. */
void dk_tiers_choose(struct dk_space *space, struct vm_area_struct *vma, unsigned long address);
/* Puts the known pages of [start, end) of @vma where places and rules say. REQUIRES: mmap_lock, and tiers. */
void dk_tiers_replace(struct dk_space *space, struct vm_area_struct *vma, unsigned long start, unsigned long end);
int dk_rules_init(void);
void dk_rules_exit(void);

/* ---- process_stats.c: what each member used ---- */

struct dk_process_stats {
	struct list_head node; /* instance->usages */
	refcount_t refs;
	u32 state; /* DIME_MEMBER_ACTIVE, _DETACHED or _ENDED; under dk_processes_lock */
	struct pid *pid;
	struct pid *parent;
	char comm[TASK_COMM_LEN]; /* once it has left */
	u64 first_touch, remote, evictions, stall_ns; /* under instance->lock */
	atomic64_t joined;
	u64 local_pages, managed_pages, unmanaged_pages; /* as last looked at by a reader of the statistics; under dk_mutex */
};

/* A record for a process that joins, on the list; NULL without memory. REQUIRES: dk_processes_lock. */
struct dk_process_stats *dk_process_stats_create(struct dk_instance *instance, struct pid *pid, struct pid *parent);
void dk_process_stats_get(struct dk_process_stats *usage);
void dk_process_stats_put(struct dk_process_stats *usage);
/* The process has left; @task may be NULL. REQUIRES: dk_processes_lock. */
void dk_process_stats_end(struct dk_instance *instance, struct dk_process_stats *usage, struct task_struct *task, u32 state);
/* Drops all records of an instance that nobody else sees any more. */
void dk_process_stats_destroy(struct dk_instance *instance);
/* A fault has ended. REQUIRES: instance->lock. */
static inline void dk_process_stats_fault(struct dk_process_stats *usage, u32 verdict, u64 stall)
{
	if (verdict == DK_REMOTE) {
		usage->remote++;
		usage->stall_ns += stall;
	} else {
		usage->first_touch++;
	}
}
void dk_process_stats_show(struct seq_file *seq, struct dk_instance *instance);

/* ---- space.c: the address spaces under management ---- */

/* A thread that faults over and over and gets no further: see dk_stuck() in fault.c. */
struct dk_stuck {
	const struct task_struct *task;
	unsigned long place; /* the registers and the page of one of these faults, folded */
	u32 steps;           /* others since then */
	u32 rounds;          /* how often it came back */
	u32 grace;           /* faults for which the limit gives way */
};

#define DK_STUCK_BITS 4

struct dk_space {
	struct mm_struct *mm;
	struct dk_space __rcu *next; /* in dk_space_table */
	refcount_t refs;             /* 1 while attached, and one for each fault under way */
	u32 index;                   /* in instance->spaces */
	struct dk_instance *instance;
	struct dk_process_stats *usage;
	struct dk_table *table;
	bool closing; /* under instance->lock: no page is closed any more */
	bool gone;    /* the process has exited: no page table is left */
	atomic_t leaving;
	struct mmu_notifier notifier;
	struct work_struct reap;
	struct completion idle; /* refs has become 0 */
	bool had_thp_disabled;
	u64 unmanaged_pages; /* resident, and left alone, when last looked at */
	struct dk_stuck stuck[1 << DK_STUCK_BITS]; /* by thread; lost updates only delay what it is for */
	/* Remote pages that the kernel is moving to other frames lie in this range, under instance->lock: see sync.c. */
	unsigned long migrating_start, migrating_end;
	struct delayed_work recheck;
	struct rcu_head rcu;
	/* A move of pages under way, under mmap_lock held for writing. */
	struct task_struct *moving;
	unsigned long moved_from;
	unsigned long moved_to;
	unsigned long moved_bytes;
	/* A fault that was sent back once, to measure the way: see lead.h. */
	struct task_struct *bounced;
	unsigned long bounced_address;
	u64 bounced_entered;
	u64 bounced_left;
	/* What the program says of its memory, under instance->lock; NULL until it says something. */
	struct dk_names *names;
	struct dk_places *places;
	u8 table_memory[] __aligned(16);
};

#define DK_SPACE_BITS 12
extern struct dk_space __rcu *dk_space_table[1 << DK_SPACE_BITS];

static __always_inline u32 dk_space_hash(const struct mm_struct *mm)
{
	return ((unsigned long)mm * GOLDEN_RATIO_64) >> (64 - DK_SPACE_BITS);
}

/* A reference to the space of @mm, or NULL. */
static __always_inline struct dk_space *dk_space_get(struct mm_struct *mm)
{
	struct dk_space *space;

	/* A reader of RCU, too, and two instructions where rcu_read_lock() is two calls. */
	preempt_disable();
	for (space = rcu_dereference_sched(dk_space_table[dk_space_hash(mm)]); space;
	     space = rcu_dereference_sched(space->next))
		if (space->mm == mm && refcount_inc_not_zero(&space->refs))
			break;
	preempt_enable();
	return space;
}

static __always_inline void dk_space_put(struct dk_space *space)
{
	if (refcount_dec_and_test(&space->refs))
		complete(&space->idle);
}

/*
 * The first space of @instance at or behind *@index, which is set to its place, or NULL. The caller has a reference, to be
 * given back with dk_space_put().
 */
struct dk_space *dk_space_next(struct dk_instance *instance, unsigned long *index);
/* Makes @mm, which the caller keeps alive, a member of @instance, which takes over @names. REQUIRES: dk_mutex. */
int dk_space_attach(struct dk_instance *instance, struct dk_process_stats *usage, struct mm_struct *mm, struct dk_names *names);
/* Brings every page of @mm home and ends its management. REQUIRES: dk_mutex, and that the caller keeps @mm alive. */
void dk_space_detach(struct mm_struct *mm);
/* The same for all that is left in @instance: memory that a member shares, or shared, with a process that is none. */
void dk_spaces_detach_all(const struct dk_instance *instance);
/* Brings the level of resident memory that is left alone up to date. */
void dk_space_look_unmanaged(struct dk_space *space);
void dk_space_note_unmanaged(struct dk_space *space, u64 pages);
/* Runs @work in process context before the module is unloaded. */
void dk_queue_work(struct work_struct *work);
void dk_queue_delayed_work(struct delayed_work *work, unsigned long delay);
int dk_spaces_init(void);
void dk_spaces_exit(void);
#define DK_NEVER (VM_HUGETLB | VM_PFNMAP | VM_MIXEDMAP | VM_IO)

static __always_inline bool dk_in_scope(const struct dk_space *space, const struct vm_area_struct *vma)
{
	if ((vma->vm_flags & DK_NEVER) || userfaultfd_armed((struct vm_area_struct *)vma))
		return false;
	return vma_is_anonymous((struct vm_area_struct *)vma) ||
	       READ_ONCE(space->instance->control->parameters.scope) == DIME_SCOPE_ALL;
}

/* ---- sync.c ---- */

/* A walk of the page records of a space. */
struct dk_visit {
	void (*page)(struct dk_visit *visit, u32 id, unsigned long address, bool remote);
	struct dk_space *space;
	unsigned long flush_start, flush_end; /* what @page closed */
	u64 remote_open, local_closed, stale;
	u64 known, remote;
};

/* Where page records and page tables differ; all 0 if the emulation is sound. */
struct dk_audit {
	u64 remote_open;  /* remote pages that can be accessed without a fault */
	u64 local_closed; /* local pages that cannot */
	u64 stale;        /* pages with a record that are not mapped */
	u64 unknown;      /* not counted */
};

extern const struct mmu_notifier_ops dk_notifier_ops;
/* Closes again what was migrated and came back open; by the work `recheck`. */
void dk_space_recheck(struct work_struct *work);
/* Opens every remote page. REQUIRES: no fault under way, mm alive. */
void dk_space_bring_home(struct dk_space *space);
/* Makes the remote pages of [start, end) local, those that are in their place. REQUIRES: mmap_lock. */
void dk_space_bring_range_home(struct dk_space *space, unsigned long start, unsigned long end);
void dk_space_audit(struct dk_space *space, struct dk_audit *audit);

/* ---- scan.c ---- */

/* Adopts what is mapped in [start, end) of @vma. REQUIRES: mmap_lock of its mm. */
void dk_space_scan(struct dk_space *space, struct vm_area_struct *vma, unsigned long start, unsigned long end,
		   gfp_t gfp);

/* ---- process.c: the members by pid, and their children ---- */

extern spinlock_t dk_processes_lock;

struct dk_process {
	struct hlist_node by_pid;
	struct list_head node; /* instance->processes */
	refcount_t refs;
	struct pid *pid;
	struct dk_instance *instance;
	struct dk_process_stats *usage;
	struct callback_head work; /* attaches the process' memory before it returns to user mode */
	atomic_t work_pending;
	struct dk_names *names; /* what its parent's memory was called at the fork, until the process' own is attached */
};

int dk_processes_init(void);
void dk_processes_exit(void);
/* The instance that @pid is a member of, or NULL; compare only. */
struct dk_instance *dk_process_instance(struct pid *pid);
/* Makes the process a member; -ESRCH where it ends just now. REQUIRES: dk_mutex. */
int dk_process_join(struct dk_instance *instance, struct pid *pid);
/* Ends membership; false if it was none. REQUIRES: dk_mutex. */
bool dk_process_leave(struct dk_instance *instance, struct pid *pid);
void dk_process_leave_all(struct dk_instance *instance);
/* The members' pids as the reader's namespace sees them, at most @most; returns how many there are. */
u32 dk_process_list(struct dk_instance *instance, u32 *pids, u32 most);
/* No process is followed any more; waits until nothing is queued in any task. Without dk_mutex. */
void dk_processes_quiesce(void);

/* ---- pte.c: closing and opening single pages ---- */

#define DK_BATCH 16

struct dk_batch {
	struct dk_space *space; /* the one of the faulting thread, whose tables are pinned by it; may be NULL */
	u32 count;
	struct {
		struct mm_struct *mm;
		unsigned long address;
		bool held; /* drop the reference to mm after the flush */
	} pages[DK_BATCH];
};

/* Where the next page table can be, between @address and @end, given that @address has none. */
unsigned long dk_skip_empty(struct mm_struct *mm, unsigned long address, unsigned long end);
/* REQUIRES: the page-table lock. The caller flushes if @flush comes back true. */
enum dk_closed dk_close_entry(pte_t *pte, bool *flush);
/* What the entry of @address is, in the context of its own process and without any lock. */
enum dk_entry dk_peek(struct mm_struct *mm, unsigned long address);
void dk_batch_flush(struct dk_batch *batch);

/* ---- symbols.c: what the kernel does not export ---- */

int dk_symbols_init(void);
/* The address of a function of the kernel's, 0 where it has none of that name. REQUIRES: dk_symbols_init(). */
unsigned long dk_symbol(const char *name);
void dk_flush(struct mm_struct *mm, unsigned long start, unsigned long end);
/* Flushes one page on this processor only. REQUIRES: dk_has_flush_one, interrupts off. */
void dk_flush_one_missing(unsigned long address);
DECLARE_STATIC_CALL(dk_flush_single, dk_flush_one_missing);
#define dk_flush_one(address) static_call(dk_flush_single)(address)
extern bool dk_has_flush_one;
long dk_prctl_missing(const struct pt_regs *regs);
DECLARE_STATIC_CALL(dk_prctl, dk_prctl_missing);
DECLARE_STATIC_CALL(dk_prctl_ia32, dk_prctl_missing);
void dk_split_huge(struct vm_area_struct *vma, pmd_t *pmd, unsigned long address);

/* ---- fault.c, hook.c ---- */

vm_fault_t dk_fault_wrapper(struct vm_area_struct *vma, unsigned long address, unsigned int flags,
			    struct pt_regs *regs);
vm_fault_t dk_kernel_handler(struct vm_area_struct *vma, unsigned long address, unsigned int flags,
			     struct pt_regs *regs);
/* The kernel's own prctl, whichever of its entries the thread came by. */
long dk_kernel_prctl(const struct pt_regs *regs);
/* The hook is in place between a get and its put. REQUIRES: dk_mutex. */
int dk_hook_get(void);
void dk_hook_put(void);
/* Waits until no thread is in a wrapper. */
void dk_fault_quiesce(void);

/* Threads in the module's wrappers of kernel functions, for each processor; only the sum means something. */
DECLARE_PER_CPU(long, dk_inside);

/* ---- hints.c: what programs say by prctl ---- */

/* Whether a call with these first two arguments is for us. */
static __always_inline bool dk_hints_wants(int option, unsigned long operation)
{
	return unlikely(option == DIME_CALL || (option == PR_SET_VMA && operation == PR_SET_VMA_ANON_NAME));
}

/* Stands in for the system call prctl, of a member's thread. */
long dk_prctl_wrapper(const struct pt_regs *regs);
/* What was said of [start, end), which was unmapped, is forgotten. */
void dk_hints_unmapped(struct dk_space *space, unsigned long start, unsigned long end);
/* It goes along with memory that is moved. */
void dk_hints_moved(struct dk_space *space, unsigned long from, unsigned long to, unsigned long bytes);
/* The names of @mm's memory, for a child's, or NULL; any context. */
struct dk_names *dk_hints_copy(struct mm_struct *mm);

/* ---- config.c, stats.c ---- */

/*
 * Whether the calling process may change what the module does: CAP_SYS_ADMIN in the first user namespace. A file's mode is not enough,
 * because root of a container passes it.
 */
bool dk_may_configure(void);
/* Why the last configuration string was refused, as in struct dk_plan; empty if it was not. Under dk_mutex. */
struct dk_refused {
	const char *key;
	u32 reason;
	char message[508];
};
extern struct dk_refused dk_refused;
int dk_config_init(void);
void dk_config_exit(void);
int dk_stats_init(void);
void dk_stats_exit(void);

#endif
