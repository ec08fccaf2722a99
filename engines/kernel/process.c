// SPDX-License-Identifier: GPL-2.0
/*
 * Members by pid, and how membership follows fork, exec and exit.
 *
 * A member is a process (thread group). Its memory is attached when it joins; a child's before it first returns to user
 * mode, and that of a new program before it starts, both by task work that the scheduler's tracepoints queue: these
 * run with preemption off, where an address space cannot be attached. Tracepoints and kernel symbols are found by name, as
 * they are not exported.
 */
#define pr_fmt(fmt) "dime: " fmt

#include <linux/binfmts.h>
#include <linux/delay.h>
#include <linux/hashtable.h>
#include <linux/pid.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/tracepoint.h>

#include "shim.h"

DEFINE_SPINLOCK(dk_processes_lock);
static DEFINE_HASHTABLE(dk_processes, 10);
static atomic_t dk_queued; /* task works that have not run yet */
static bool dk_stopping;

static struct dk_process *dk_process_find(struct pid *pid)
{
	struct dk_process *process;

	lockdep_assert_held(&dk_processes_lock);
	hash_for_each_possible(dk_processes, process, by_pid, (unsigned long)pid)
		if (process->pid == pid)
			return process;
	return NULL;
}

static void dk_process_put(struct dk_process *process)
{
	if (!refcount_dec_and_test(&process->refs))
		return;
	put_pid(process->pid);
	dk_process_stats_put(process->usage);
	dk_instance_put(process->instance);
	kfree(process->names);
	kfree(process);
}

static void dk_process_attach_work(struct callback_head *work)
{
	struct dk_process *process = container_of(work, struct dk_process, work);
	struct dk_instance *instance = process->instance;
	struct mm_struct *mm = current->mm;
	struct dk_names *names = xchg(&process->names, NULL);
	bool attach;

	atomic_set(&process->work_pending, 0);
	mutex_lock(&dk_mutex);
	attach = mm && !(current->flags & PF_EXITING) && !READ_ONCE(dk_stopping) &&
		 dk_process_instance(process->pid) == instance;
	if (!attach)
		kfree(names);
	else if (dk_space_attach(instance, process->usage, mm, names))
		atomic64_inc(&instance->not_followed);
	mutex_unlock(&dk_mutex);
	dk_process_put(process);
	/* Last, and nothing of the module is touched behind it: unloading waits for 0 and then for every task to leave. */
	atomic_dec(&dk_queued);
}

/* Queues the attachment of @task's memory. REQUIRES: dk_processes_lock. */
static void dk_process_queue(struct dk_process *process, struct task_struct *task)
{
	if (atomic_xchg(&process->work_pending, 1))
		return;
	refcount_inc(&process->refs);
	atomic_inc(&dk_queued);
	init_task_work(&process->work, dk_process_attach_work);
	if (task_work_add(task, &process->work, TWA_RESUME)) {
		atomic_set(&process->work_pending, 0);
		refcount_dec(&process->refs);
		atomic64_inc(&process->instance->not_followed);
		atomic_dec(&dk_queued);
	}
}

/* A new record, linked; NULL without memory. REQUIRES: dk_processes_lock, and that @pid is no member. */
static struct dk_process *dk_process_add(struct dk_instance *instance, struct pid *pid, struct task_struct *parent)
{
	struct dk_process *process = kzalloc(sizeof(*process), GFP_ATOMIC);

	if (!process)
		return NULL;
	process->usage = dk_process_stats_create(instance, pid, task_tgid(parent));
	if (!process->usage) {
		kfree(process);
		return NULL;
	}
	refcount_set(&process->refs, 1);
	process->pid = get_pid(pid);
	dk_instance_get(instance);
	process->instance = instance;
	hash_add(dk_processes, &process->by_pid, (unsigned long)pid);
	list_add_tail(&process->node, &instance->processes);
	return process;
}

/* @task is the process' or NULL. */
static void dk_process_unlink(struct dk_process *process, struct task_struct *task, u32 state)
{
	dk_process_stats_end(process->instance, process->usage, task, state);
	hash_del(&process->by_pid);
	list_del(&process->node);
}

struct dk_instance *dk_process_instance(struct pid *pid)
{
	struct dk_process *process;
	struct dk_instance *instance;

	spin_lock(&dk_processes_lock);
	process = dk_process_find(pid);
	instance = process ? process->instance : NULL;
	spin_unlock(&dk_processes_lock);
	return instance;
}

/* ---- tracepoints: preemption is off ---- */

static void dk_on_fork(void *data, struct task_struct *parent, struct task_struct *child)
{
	struct dk_process *process;
	struct dk_instance *instance;

	if (child->tgid == parent->tgid || READ_ONCE(dk_stopping))
		return;
	spin_lock(&dk_processes_lock);
	process = dk_process_find(task_tgid(parent));
	instance = process ? process->instance : NULL;
	if (instance && (READ_ONCE(instance->control->parameters.flags) & DIME_FOLLOW_CHILDREN)) {
		process = dk_process_find(task_tgid(child)) ?: dk_process_add(instance, task_tgid(child), parent);
		if (!process)
			atomic64_inc(&instance->not_followed);
		else if (child->mm != parent->mm) {
			kfree(xchg(&process->names, dk_hints_copy(parent->mm)));
			dk_process_queue(process, child);
		}
	}
	spin_unlock(&dk_processes_lock);
}

static void dk_on_exec(void *data, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)
{
	struct dk_process *process;

	spin_lock(&dk_processes_lock);
	process = dk_process_find(task_tgid(task));
	if (process && !READ_ONCE(dk_stopping))
		dk_process_queue(process, task);
	spin_unlock(&dk_processes_lock);
}

static void dk_on_exit(void *data, struct task_struct *task)
{
	struct dk_process *process;

	if (atomic_read(&task->signal->live))
		return;
	spin_lock(&dk_processes_lock);
	process = dk_process_find(task_tgid(task));
	if (process)
		dk_process_unlink(process, task, DIME_MEMBER_ENDED);
	spin_unlock(&dk_processes_lock);
	if (process)
		dk_process_put(process);
}

static struct {
	const char *name;
	void *probe;
	struct tracepoint *point;
} dk_points[] = {
	{ "sched_process_fork", dk_on_fork },
	{ "sched_process_exec", dk_on_exec },
	{ "sched_process_exit", dk_on_exit },
};

static void dk_match_point(struct tracepoint *point, void *unused)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(dk_points); i++)
		if (!strcmp(point->name, dk_points[i].name))
			dk_points[i].point = point;
}

int dk_processes_init(void)
{
	unsigned int i;
	int err;

	for_each_kernel_tracepoint(dk_match_point, NULL);
	for (i = 0; i < ARRAY_SIZE(dk_points); i++) {
		err = dk_points[i].point ? tracepoint_probe_register(dk_points[i].point, dk_points[i].probe, NULL) :
					   -ENOENT;
		if (err) {
			pr_err("cannot watch tracepoint %s (error %d)\n", dk_points[i].name, err);
			while (i--)
				tracepoint_probe_unregister(dk_points[i].point, dk_points[i].probe, NULL);
			tracepoint_synchronize_unregister();
			return err;
		}
	}
	return 0;
}

void dk_processes_exit(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(dk_points); i++)
		tracepoint_probe_unregister(dk_points[i].point, dk_points[i].probe, NULL);
	tracepoint_synchronize_unregister();
}

void dk_processes_quiesce(void)
{
	WRITE_ONCE(dk_stopping, true);
	/* A task that has not run since its fork keeps us here. */
	while (atomic_read(&dk_queued))
		msleep(1);
}

/* ---- joining and leaving by hand ---- */

/*
 * The memory of the process, to be put; NULL where it ends. As get_task_mm(), but the first thread may have ended before the
 * others, and @borrowed tells of a child of vfork(), whose memory is its parent's until it executes or ends.
 */
static struct mm_struct *dk_process_memory(struct task_struct *process, bool *borrowed)
{
	struct mm_struct *mm = NULL;
	struct task_struct *thread;

	rcu_read_lock();
	for_each_thread(process, thread) {
		task_lock(thread);
		if (!(thread->flags & (PF_EXITING | PF_KTHREAD)))
			mm = thread->mm;
		if (mm) {
			*borrowed = thread->vfork_done;
			mmget(mm);
		}
		task_unlock(thread);
		if (mm)
			break;
	}
	rcu_read_unlock();
	return mm;
}

/* The record of a process that joins, with a reference to it; its own, if it is a member. */
static struct dk_process_stats *dk_process_enter(struct dk_instance *instance, struct pid *pid, struct task_struct *task)
{
	struct dk_process_stats *usage = ERR_PTR(-ESRCH);
	struct dk_process *process;

	rcu_read_lock();
	spin_lock(&dk_processes_lock);
	/* Once it is 0, the notice of its end may have been given. */
	if (atomic_read(&task->signal->live)) {
		process = dk_process_find(pid);
		if (!process)
			process = dk_process_add(instance, pid, rcu_dereference(task->real_parent));
		usage = process ? process->usage : ERR_PTR(-ENOMEM);
		if (process)
			dk_process_stats_get(usage);
	}
	spin_unlock(&dk_processes_lock);
	rcu_read_unlock();
	return usage;
}

int dk_process_join(struct dk_instance *instance, struct pid *pid)
{
	struct task_struct *task = get_pid_task(pid, PIDTYPE_TGID);
	struct dk_process_stats *usage = ERR_PTR(-ESRCH);
	struct mm_struct *mm;
	bool borrowed = false;
	int err;

	if (!task)
		return -ESRCH;
	/*
	 * Not in the middle of an execve(), where it still has the memory that it leaves, maybe its parent's, and nobody can tell. If the
	 * execve() comes later, its notice finds a member.
	 */
	err = mutex_lock_killable(&task->signal->cred_guard_mutex);
	if (err)
		goto put;
	mm = dk_process_memory(task, &borrowed);
	if (mm)
		usage = dk_process_enter(instance, pid, task);
	mutex_unlock(&task->signal->cred_guard_mutex);
	err = PTR_ERR_OR_ZERO(usage);
	if (!err) {
		/* Borrowed memory is not the process' own to be managed; what it executes will be. */
		if (!borrowed)
			err = dk_space_attach(instance, usage, mm, NULL);
		dk_process_stats_put(usage);
		if (err)
			dk_process_leave(instance, pid);
	}
	if (mm)
		mmput(mm);
put:
	put_task_struct(task);
	return err;
}

bool dk_process_leave(struct dk_instance *instance, struct pid *pid)
{
	struct task_struct *task = get_pid_task(pid, PIDTYPE_TGID);
	struct dk_process *process;
	struct mm_struct *mm;
	bool borrowed = false;

	spin_lock(&dk_processes_lock);
	process = dk_process_find(pid);
	if (process && process->instance != instance)
		process = NULL;
	if (process)
		dk_process_unlink(process, task, DIME_MEMBER_DETACHED);
	spin_unlock(&dk_processes_lock);
	if (process) {
		mm = task ? dk_process_memory(task, &borrowed) : NULL;
		if (mm) {
			if (!borrowed)
				dk_space_detach(mm);
			mmput(mm);
		}
		dk_process_put(process);
	}
	if (task)
		put_task_struct(task);
	return process;
}

void dk_process_leave_all(struct dk_instance *instance)
{
	struct dk_process *process;
	struct pid *pid;

	for (;;) {
		spin_lock(&dk_processes_lock);
		process = list_first_entry_or_null(&instance->processes, struct dk_process, node);
		pid = process ? get_pid(process->pid) : NULL;
		spin_unlock(&dk_processes_lock);
		if (!pid)
			return;
		dk_process_leave(instance, pid);
		put_pid(pid);
	}
}

u32 dk_process_list(struct dk_instance *instance, u32 *pids, u32 most)
{
	struct dk_process *process;
	u32 count = 0;

	spin_lock(&dk_processes_lock);
	list_for_each_entry(process, &instance->processes, node) {
		pid_t pid = pid_vnr(process->pid);

		if (!pid)
			continue;
		if (count < most)
			pids[count] = pid;
		count++;
	}
	spin_unlock(&dk_processes_lock);
	return count;
}
