// SPDX-License-Identifier: GPL-2.0
/*
 * What each member used: the counts of a process, over all address spaces that it had, kept for the results when it is gone.
 *
 * A record is on its instance's list from the moment when the process joins. The process and its address space hold
 * references besides. Records of processes that left are dropped in the order of joining when there are more than DK_KEPT.
 */
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "shim.h"

#define DK_KEPT DIME_MAX_MEMBERS

void dk_process_stats_get(struct dk_process_stats *usage)
{
	refcount_inc(&usage->refs);
}

void dk_process_stats_put(struct dk_process_stats *usage)
{
	if (!refcount_dec_and_test(&usage->refs))
		return;
	put_pid(usage->pid);
	put_pid(usage->parent);
	kfree(usage);
}

static void dk_process_stats_drop(struct dk_instance *instance, struct dk_process_stats *usage)
{
	list_del(&usage->node);
	instance->usages_over -= usage->state != DIME_MEMBER_ACTIVE;
	dk_process_stats_put(usage);
}

struct dk_process_stats *dk_process_stats_create(struct dk_instance *instance, struct pid *pid, struct pid *parent)
{
	struct dk_process_stats *usage = kzalloc(sizeof(*usage), GFP_ATOMIC);

	if (!usage)
		return NULL;
	/* One for the list, one for the caller. */
	refcount_set(&usage->refs, 2);
	usage->pid = get_pid(pid);
	usage->parent = get_pid(parent);
	usage->state = DIME_MEMBER_ACTIVE;
	list_add_tail(&usage->node, &instance->usages);
	return usage;
}

void dk_process_stats_end(struct dk_instance *instance, struct dk_process_stats *usage, struct task_struct *task, u32 state)
{
	struct dk_process_stats *old, *next;

	if (task)
		strscpy(usage->comm, task->comm, sizeof(usage->comm));
	usage->state = state;
	if (++instance->usages_over <= DK_KEPT)
		return;
	list_for_each_entry_safe(old, next, &instance->usages, node) {
		if (old->state == DIME_MEMBER_ACTIVE)
			continue;
		dk_process_stats_drop(instance, old);
		return;
	}
}

void dk_process_stats_destroy(struct dk_instance *instance)
{
	struct dk_process_stats *usage, *next;

	list_for_each_entry_safe(usage, next, &instance->usages, node)
		dk_process_stats_drop(instance, usage);
}

static const char *dk_process_stats_state(const struct dk_process_stats *usage)
{
	return usage->state == DIME_MEMBER_ACTIVE ? "active" :
	       usage->state == DIME_MEMBER_ENDED  ? "ended" :
						    "detached";
}

void dk_process_stats_show(struct seq_file *seq, struct dk_instance *instance)
{
	char comm[TASK_COMM_LEN];
	struct task_struct *task;
	struct dk_process_stats *usage;

	spin_lock(&dk_processes_lock);
	list_for_each_entry(usage, &instance->usages, node) {
		task = usage->state == DIME_MEMBER_ACTIVE ? get_pid_task(usage->pid, PIDTYPE_TGID) : NULL;
		strscpy(comm, usage->comm, sizeof(comm));
		if (task) {
			strscpy(comm, task->comm, sizeof(comm));
			put_task_struct(task);
		}
		seq_printf(seq, "process %d parent %d state %s first_touch %llu remote %llu joined %lld evictions %llu stall_ns %llu",
			   pid_vnr(usage->pid), pid_vnr(usage->parent), dk_process_stats_state(usage),
			   READ_ONCE(usage->first_touch), READ_ONCE(usage->remote), atomic64_read(&usage->joined),
			   READ_ONCE(usage->evictions), READ_ONCE(usage->stall_ns));
		seq_printf(seq, " local %llu managed %llu unmanaged %llu comm ", usage->local_pages, usage->managed_pages,
			   usage->unmanaged_pages);
		seq_escape(seq, comm, " \t\n\\");
		seq_putc(seq, '\n');
	}
	spin_unlock(&dk_processes_lock);
}
