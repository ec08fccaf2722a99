// SPDX-License-Identifier: GPL-2.0
/*
 * dime.ko: emulates remote memory for any process of a stock kernel.
 *
 * Idea: a remote page is one whose page-table entry was made inaccessible; touching it faults, the hook before
 * handle_mm_fault() makes the thread wait as long as the fetch would take, and opens the entry. Data never moves. docs/kernel-engine.md
 * tells the rest; shim.h has the order of locks.
 */
#define pr_fmt(fmt) "dime: " fmt

#include <linux/cpufeature.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/rcupdate.h>

#include <dime/version.h>

#include "clock.h"
#include "shim.h"
#include "signatures.h"

static int __init dk_init(void)
{
	int err;

	if (boot_cpu_has(X86_FEATURE_XENPV)) {
		pr_err("a Xen PV guest cannot change its page tables in place\n");
		return -EOPNOTSUPP;
	}
	dk_clock_init();
	err = dk_symbols_init();
	if (!err)
		err = dk_signatures_check();
	if (err)
		return err;
	err = dk_spaces_init();
	if (err)
		return err;
	err = dk_processes_init();
	if (err)
		goto spaces;
	err = dk_config_init();
	if (err)
		goto processes;
	err = dk_stats_init();
	if (err)
		goto config;
	err = dk_rules_init();
	if (err)
		goto stats;
	return 0;

stats:
	dk_stats_exit();
config:
	dk_config_exit();
processes:
	dk_processes_exit();
spaces:
	dk_spaces_exit();
	return err;
}

static void __exit dk_exit(void)
{
	struct dk_instance *instance, *next;

	dk_rules_exit();
	dk_stats_exit();
	dk_config_exit();
	dk_processes_quiesce();
	dk_processes_exit();
	dk_processes_quiesce();
	mutex_lock(&dk_mutex);
	list_for_each_entry_safe(instance, next, &dk_instances, node)
		dk_instance_remove(instance);
	mutex_unlock(&dk_mutex);
	/* The ends of processes that are being worked on take the hook off with them. */
	dk_spaces_exit();
	dk_fault_quiesce();
	/* A thread may have been preempted behind its last step in the wrapper or in a task work. */
	synchronize_rcu_tasks();
	rcu_barrier();
}

/* Measured by `dime` with a program of its own, and kept here for the next `dime`. */
module_param_named(floor_ns, dk_floor_ns, ulong, 0644);
MODULE_PARM_DESC(floor_ns, "what a remote access costs at least, in ns; 0 = not measured yet");

module_init(dk_init);
module_exit(dk_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("DiME: disaggregated-memory emulator");
MODULE_VERSION(DIME_VERSION);
