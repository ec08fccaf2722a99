// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/dime_config: a write changes the configuration, a read shows the table.
 *
 * One write() is one string. It is parsed and checked as a whole with dk_mutex held, so that what was checked is still
 * true when it is applied; nothing is applied unless all of it can be. A refusal is an errno and one line in the log.
 */
#define pr_fmt(fmt) "dime: " fmt

#include <linux/capability.h>
#include <linux/pid.h>
#include <linux/proc_fs.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "clock.h"
#include "shim.h"

#define DK_STRING_BYTES 65536

struct dk_refused dk_refused = { .key = "" };

/* One line in the log, which the reader of the statistics sees, too. REQUIRES: dk_mutex. */
#define dk_refuse(format, ...)                                                        \
	do {                                                                          \
		snprintf(dk_refused.message, sizeof(dk_refused.message), format, ##__VA_ARGS__);      \
		pr_err("%s\n", dk_refused.message);                                           \
	} while (0)

/* ---- the validator: called while a string is checked, with dk_mutex held ---- */

const struct dime_parameters *dk_shim_parameters(uint32_t id, uint32_t *next_id)
{
	struct dk_instance *instance;

	*next_id = 0;
	list_for_each_entry(instance, &dk_instances, node)
		*next_id = max(*next_id, instance->id + 1);
	instance = dk_instance_find(id);
	return instance ? &instance->control->parameters : NULL;
}

int dk_shim_check_policy(const char *text)
{
	struct dk_policy *policy = dk_policy_get(text);
	bool known = policy && !dk_core_check_policy(dk_policy_ops(policy), text);

	dk_policy_put(policy);
	return known ? DK_REFUSE_NOTHING : DK_REFUSE_POLICY;
}

int dk_shim_check_pid(uint32_t instance_id, uint32_t operation, uint32_t number)
{
	struct dk_instance *wanted = dk_instance_find(instance_id), *instance;
	struct pid *pid = find_get_pid(number);
	struct task_struct *task = pid ? get_pid_task(pid, PIDTYPE_TGID) : NULL;
	int refusal = DK_REFUSE_NOTHING;

	instance = pid ? dk_process_instance(pid) : NULL;
	if (operation == DK_PIDS_REMOVE)
		refusal = instance && instance == wanted ? DK_REFUSE_NOTHING : DK_REFUSE_NO_MEMBER;
	else if (!task || !atomic_read(&task->signal->live))
		refusal = DK_REFUSE_PROCESS;
	else if (task->flags & PF_KTHREAD)
		refusal = DK_REFUSE_KERNEL_THREAD;
	else if (instance && instance != wanted)
		refusal = DK_REFUSE_TAKEN;
	if (task)
		put_task_struct(task);
	put_pid(pid);
	return refusal;
}

/* ---- applying a plan ---- */

static bool dk_plan_has_pid(const struct dk_plan *plan, u32 number)
{
	u32 i;

	for (i = 0; i < plan->pid_count; i++)
		if (plan->pids[i] == number)
			return true;
	return false;
}

/* Members that the new list does not name leave. */
static int dk_drop_others(struct dk_instance *instance, const struct dk_plan *plan)
{
	u32 count = dk_process_list(instance, NULL, 0) + 16, i;
	u32 *pids = kvcalloc(count, sizeof(*pids), GFP_KERNEL);
	struct pid *pid;

	if (!pids)
		return -ENOMEM;
	count = min(count, dk_process_list(instance, pids, count));
	for (i = 0; i < count; i++) {
		if (dk_plan_has_pid(plan, pids[i]))
			continue;
		pid = find_get_pid(pids[i]);
		if (pid)
			dk_process_leave(instance, pid);
		put_pid(pid);
	}
	kvfree(pids);
	return 0;
}

static int dk_apply_pids(struct dk_instance *instance, const struct dk_plan *plan)
{
	struct pid *pid;
	int err = 0;
	u32 i;

	if (plan->pid_operation == DK_PIDS_REPLACE)
		err = dk_drop_others(instance, plan);
	for (i = 0; i < plan->pid_count && !err; i++) {
		pid = find_get_pid(plan->pids[i]);
		if (plan->pid_operation == DK_PIDS_REMOVE)
			dk_process_leave(instance, pid);
		else
			err = pid ? dk_process_join(instance, pid) : -ESRCH;
		put_pid(pid);
		/* One that ended since it was checked is no error. */
		if (err == -ESRCH)
			err = 0;
		if (err)
			dk_refuse("pid=%u: cannot join instance %u (error %d)", plan->pids[i], instance->id, err);
	}
	return err;
}

static int dk_apply(const struct dk_plan *plan, const void *scratch)
{
	struct dk_instance *instance = dk_instance_find(plan->instance_id);
	bool fresh = !instance;
	int err = 0;

	if (plan->remove) {
		dk_instance_remove(instance);
		return 0;
	}
	if (fresh)
		instance = dk_instance_create(plan->instance_id);
	if (IS_ERR(instance))
		return PTR_ERR(instance);
	/* What can fail comes first. */
	if (plan->policy)
		err = dk_instance_use_policy(instance, plan->policy);
	if (!err && plan->link)
		err = dk_instance_use_link(instance, plan->link);
	if (!err) {
		if (plan->keep >= 0)
			dk_instance_set_keep(instance, plan->keep);
		spin_lock(&instance->lock);
		dk_config_apply(scratch, instance->control, dk_now());
		spin_unlock(&instance->lock);
		dk_instance_note_limits(instance);
		dk_instance_trim(instance);
		if (plan->pid_count)
			err = dk_apply_pids(instance, plan);
	}
	if (err && fresh)
		dk_instance_remove(instance);
	return err;
}

static ssize_t dk_config_write(struct file *file, const char __user *from, size_t count, loff_t *position)
{
	struct dk_plan *plan;
	char *text, *scratch;
	int err;

	if (!dk_may_configure())
		return -EPERM;
	if (count > DK_STRING_BYTES) {
		pr_err("a configuration string has at most %u characters, this one has %zu\n", DK_STRING_BYTES, count);
		return -E2BIG;
	}
	text = memdup_user_nul(from, count);
	if (IS_ERR(text))
		return PTR_ERR(text);
	scratch = kvzalloc(dk_config_scratch_bytes(), GFP_KERNEL);
	plan = kzalloc(sizeof(*plan), GFP_KERNEL);
	err = scratch && plan ? 0 : -ENOMEM;
	if (!err) {
		mutex_lock(&dk_mutex);
		dk_instances_reap();
		dk_refused = (struct dk_refused){ .key = "" };
		if (dk_config_read(text, count, scratch, plan)) {
			dk_refused.key = plan->refused_key;
			dk_refused.reason = plan->refused_reason;
			dk_refuse("%s", plan->message);
			err = -EINVAL;
		} else {
			err = dk_apply(plan, scratch);
		}
		dk_instances_reap();
		mutex_unlock(&dk_mutex);
	}
	kfree(plan);
	kvfree(scratch);
	kfree(text);
	return err ? err : count;
}

/* ---- the table ---- */

static void *dk_table_start(struct seq_file *seq, loff_t *position)
{
	mutex_lock(&dk_mutex);
	if (!*position)
		dk_instances_reap();
	return seq_list_start_head(&dk_instances, *position);
}

static void *dk_table_next(struct seq_file *seq, void *at, loff_t *position)
{
	return seq_list_next(at, &dk_instances, position);
}

static void dk_table_stop(struct seq_file *seq, void *at)
{
	mutex_unlock(&dk_mutex);
}

static int dk_table_show(struct seq_file *seq, void *at)
{
	struct dk_instance *instance;
	u32 count, most;
	u64 length, limit;
	char *buffer;
	u32 *pids;
	size_t room;

	room = seq_get_buf(seq, &buffer);
	if (at == &dk_instances) {
		length = dk_config_header(buffer, room);
		seq_commit(seq, length < room ? length : -1);
		return 0;
	}
	instance = list_entry(at, struct dk_instance, node);
	most = dk_process_list(instance, NULL, 0) + 16;
	pids = kvcalloc(most, sizeof(*pids), GFP_KERNEL);
	if (!pids)
		return -ENOMEM;
	count = min(most, dk_process_list(instance, pids, most));
	spin_lock(&instance->lock);
	limit = dk_core_limit(instance->core);
	spin_unlock(&instance->lock);
	length = dk_config_row(&instance->control->parameters, instance->id, limit,
			       instance->control->counters.page_fault_count, pids, count, buffer, room);
	seq_commit(seq, length < room ? length : -1);
	kvfree(pids);
	return 0;
}

static const struct seq_operations dk_table_ops = {
	.start = dk_table_start,
	.next = dk_table_next,
	.stop = dk_table_stop,
	.show = dk_table_show,
};

bool dk_may_configure(void)
{
	return capable(CAP_SYS_ADMIN);
}

static int dk_config_open(struct inode *inode, struct file *file)
{
	if (file->f_mode & FMODE_WRITE && !dk_may_configure())
		return -EPERM;
	return seq_open(file, &dk_table_ops);
}

static const struct proc_ops dk_config_ops = {
	.proc_open = dk_config_open,
	.proc_read = seq_read,
	.proc_write = dk_config_write,
	.proc_lseek = seq_lseek,
	.proc_release = seq_release,
};

int dk_config_init(void)
{
	return proc_create("dime_config", 0644, NULL, &dk_config_ops) ? 0 : -ENOMEM;
}

void dk_config_exit(void)
{
	remove_proc_entry("dime_config", NULL);
}
