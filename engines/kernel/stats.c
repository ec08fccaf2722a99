// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/dime_stats: what each instance counted, as lines of a key and numbers.
 *
 *   dime_stats 1             (the form of this file: grows by keys, and gets another number where old ones change)
 *   version 1.0.0
 *   floor_ns 2700
 *   refusal                  (why the last configuration string was refused)
 *   refused policy 18        (the key it was refused for, and dime::config::Reason; not there where none was)
 *   registered fifo SUMMARY  (a policy that can be used)
 *   instance 0
 *   policy fifo
 *   faults_remote 1234
 *   ...
 *   bucket 1234 5            (a bucket of the histogram of stalls that is not empty, and its count)
 *
 * Keys of an instance are those of struct dime_control; docs/kernel-engine.md lists them. A reader skips keys that it does not know.
 */
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

#include "lead.h"
#include "shim.h"

static void *dk_stats_start(struct seq_file *seq, loff_t *position)
{
	mutex_lock(&dk_mutex);
	if (!*position)
		dk_instances_reap();
	return seq_list_start_head(&dk_instances, *position);
}

static void *dk_stats_next(struct seq_file *seq, void *at, loff_t *position)
{
	return seq_list_next(at, &dk_instances, position);
}

static void dk_stats_stop(struct seq_file *seq, void *at)
{
	mutex_unlock(&dk_mutex);
}

#define DK_SHOW(seq, record, field) seq_printf(seq, #field " %llu\n", (u64)READ_ONCE((record)->field))

static void dk_show_parameters(struct seq_file *seq, const struct dime_parameters *p)
{
	char *buffer;
	size_t room = seq_get_buf(seq, &buffer);
	u64 length = dk_config_show(p, buffer, room);

	seq_commit(seq, length < room ? length : -1);
}

/* What shapes the network besides; numbers as in <dime/abi.h>. */
static void dk_show_network(struct seq_file *seq, const struct dime_control *control)
{
	const struct dime_jitter *j = &control->jitter;
	const struct dime_fetch_times *t = &control->fetch_times;
	const struct dime_schedule *s = &control->schedule;
	u32 i;

	seq_printf(seq, "jitter %u %llu %u %llu\n", READ_ONCE(j->shape), READ_ONCE(j->deviation_ns), READ_ONCE(j->correlation),
		   READ_ONCE(j->seed));
	for (i = 0; i < min_t(u32, READ_ONCE(t->count), DIME_MAX_FETCH_SIZES); i++)
		seq_printf(seq, "fetch_time %llu %llu\n", READ_ONCE(t->sizes[i].bytes), READ_ONCE(t->sizes[i].ns));
	for (i = 0; i < min_t(u32, READ_ONCE(s->count), DIME_MAX_STEPS); i++)
		seq_printf(seq, "step %llu %llu %llu %u\n", READ_ONCE(s->steps[i].at_ns), READ_ONCE(s->steps[i].latency_ns),
			   READ_ONCE(s->steps[i].bandwidth_bps), READ_ONCE(s->steps[i].what));
	DK_SHOW(seq, s, outage_max_ns);
}

static void dk_show_counters(struct seq_file *seq, const struct dime_counters *c)
{
	DK_SHOW(seq, c, faults_first_touch);
	DK_SHOW(seq, c, faults_remote);
	DK_SHOW(seq, c, faults_joined);
	DK_SHOW(seq, c, evictions_clean);
	DK_SHOW(seq, c, evictions_dirty);
	DK_SHOW(seq, c, evictions_refused);
	DK_SHOW(seq, c, late_adopted);
	DK_SHOW(seq, c, page_fault_count);
}

static void dk_show_levels(struct seq_file *seq, const struct dime_levels *l)
{
	DK_SHOW(seq, l, local_pages);
	DK_SHOW(seq, l, managed_pages);
	DK_SHOW(seq, l, unmanaged_pages);
	DK_SHOW(seq, l, local_peak);
	DK_SHOW(seq, l, managed_peak);
	DK_SHOW(seq, l, unmanaged_peak);
}

static void dk_show_direction(struct seq_file *seq, const char *name, const struct dime_link_direction *wire)
{
	seq_printf(seq, "%s bytes %llu transfers %llu busy_ns %llu queue_ns %llu first_ns %llu last_ns %llu\n", name,
		   READ_ONCE(wire->bytes), READ_ONCE(wire->transfers), READ_ONCE(wire->busy_ns),
		   READ_ONCE(wire->queue_ns), READ_ONCE(wire->first_ns), READ_ONCE(wire->last_ns));
}

static void dk_show_histogram(struct seq_file *seq, const struct dime_histogram *h)
{
	u32 i;

	seq_printf(seq, "stall_count %llu\nstall_sum %llu\nstall_max %llu\n", READ_ONCE(h->count), READ_ONCE(h->sum),
		   READ_ONCE(h->max));
	for (i = 0; i < DIME_HISTOGRAM_BUCKETS; i++)
		if (READ_ONCE(h->buckets[i]))
			seq_printf(seq, "bucket %u %llu\n", i, READ_ONCE(h->buckets[i]));
}

/* `tier INDEX NAME key number ...` for each that is in use, and its histogram as `tier_bucket INDEX BUCKET COUNT`. */
static void dk_show_tiers(struct seq_file *seq, const struct dime_control *control)
{
	const struct dime_tier_use *use;
	u32 tier, i;

	for (tier = 1; tier < DIME_MAX_TIERS; tier++) {
		use = &control->tier_uses[tier];
		if (!*control->placement.tiers[tier].name)
			continue;
		seq_printf(seq,
			   "tier %u %s first_touch %llu remote %llu joined %llu clean %llu dirty %llu refused %llu local %llu managed %llu local_peak %llu managed_peak %llu stall_count %llu stall_sum %llu stall_max %llu\n",
			   tier, control->placement.tiers[tier].name, use->counters.faults_first_touch,
			   use->counters.faults_remote, use->counters.faults_joined, use->counters.evictions_clean,
			   use->counters.evictions_dirty, use->counters.evictions_refused, use->levels.local_pages,
			   use->levels.managed_pages, use->levels.local_peak, use->levels.managed_peak,
			   use->stall_ns.count, use->stall_ns.sum, use->stall_ns.max);
		for (i = 0; i < DIME_HISTOGRAM_BUCKETS; i++)
			if (READ_ONCE(use->stall_ns.buckets[i]))
				seq_printf(seq, "tier_bucket %u %u %llu\n", tier, i, READ_ONCE(use->stall_ns.buckets[i]));
	}
	for (i = 0; i < control->placement.rule_count; i++)
		seq_printf(seq, "rule %u matched %u\n", i, READ_ONCE(control->rule_matched[i]));
}

/* `mark AT PID FIRST_TOUCH REMOTE JOINED EVICTIONS STALL_NS NAME` for each phase that a program began. */
static void dk_show_marks(struct seq_file *seq, const struct dime_control *control)
{
	const struct dime_mark *mark = control->marks;
	u64 count = READ_ONCE(control->mark_count), i;

	DK_SHOW(seq, control, created_ns);
	DK_SHOW(seq, control, mark_count);
	for (i = 0; i < min_t(u64, count, DIME_MAX_MARKS); i++, mark++) {
		if (!smp_load_acquire(&mark->ready))
			continue;
		seq_printf(seq, "mark %llu %u %llu %llu %llu %llu %llu ", mark->at_ns, mark->pid, mark->first_touch,
			   mark->remote, mark->joined, mark->evictions, mark->stall_ns);
		seq_escape(seq, mark->name, " \t\n\\");
		seq_putc(seq, '\n');
	}
}

/*
 * Compares the page records with the page tables of all members, now. Only for those who may configure: it walks all tables
 * under the instance's lock, which disturbs what is measured.
 */
static void dk_show_audit(struct seq_file *seq, struct dk_instance *instance)
{
	struct dk_audit audit = { 0 };
	struct dk_space *space;
	struct dk_process_stats *usage;
	unsigned long index;

	spin_lock(&dk_processes_lock);
	list_for_each_entry(usage, &instance->usages, node)
		usage->local_pages = usage->managed_pages = usage->unmanaged_pages = 0;
	spin_unlock(&dk_processes_lock);

	for (index = 0; (space = dk_space_next(instance, &index)); index++) {
		dk_space_audit(space, &audit);
		dk_space_put(space);
	}
	seq_printf(seq, "audit_remote_open %llu\naudit_local_closed %llu\naudit_stale %llu\n", audit.remote_open,
		   audit.local_closed, audit.stale);
}

static void dk_show_module(struct seq_file *seq)
{
	seq_printf(seq, "dime_stats 1\nversion %s\nfloor_ns %lu\nrefusal %s\n", THIS_MODULE->version, READ_ONCE(dk_floor_ns),
		   dk_refused.message);
	if (*dk_refused.key)
		seq_printf(seq, "refused %s %u\n", dk_refused.key, dk_refused.reason);
	dk_policies_show(seq);
}

static void dk_show_instance(struct seq_file *seq, struct dk_instance *instance)
{
	const struct dime_control *control = instance->control;
	const struct dime_link *link = instance->link ? dk_link_record(instance->link) : &control->link;

	seq_printf(seq, "instance %u\nkeep %u\nowner %d\n", instance->id, control->keep,
		   instance->owner ? pid_vnr(instance->owner) : 0);
	dk_show_parameters(seq, &control->parameters);
	dk_show_network(seq, control);
	dk_show_counters(seq, &control->counters);
	seq_printf(seq, "not_followed %lld\n", atomic64_read(&instance->not_followed));
	seq_printf(seq, "forced %lld\n", atomic64_read(&instance->forced));
	seq_printf(seq, "reclosed %lld\n", atomic64_read(&instance->reclosed));
	seq_printf(seq, "not_kept %lld\n", atomic64_read(&instance->not_kept));
	dk_show_levels(seq, &control->levels);
	DK_SHOW(seq, control, target_ns);
	seq_printf(seq, "lead_ns %u\ntail_ns %u\nlead_samples %u\n", READ_ONCE(dk_lead.outside_ns),
		   READ_ONCE(dk_lead.tail_ns), READ_ONCE(dk_lead.samples));
	dk_show_direction(seq, "rx", &link->rx);
	dk_show_direction(seq, "tx", &link->tx);
	dk_show_histogram(seq, &control->stall_ns);
	if (instance->tiers)
		dk_show_tiers(seq, control);
	dk_show_marks(seq, control);
	if (dk_may_configure())
		dk_show_audit(seq, instance);
	dk_process_stats_show(seq, instance);
}

static int dk_stats_show(struct seq_file *seq, void *at)
{
	if (at == &dk_instances)
		dk_show_module(seq);
	else
		dk_show_instance(seq, list_entry(at, struct dk_instance, node));
	return 0;
}

static const struct seq_operations dk_stats_ops = {
	.start = dk_stats_start,
	.next = dk_stats_next,
	.stop = dk_stats_stop,
	.show = dk_stats_show,
};

int dk_stats_init(void)
{
	return proc_create_seq("dime_stats", 0444, NULL, &dk_stats_ops) ? 0 : -ENOMEM;
}

void dk_stats_exit(void)
{
	remove_proc_entry("dime_stats", NULL);
}
