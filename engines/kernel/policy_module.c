// SPDX-License-Identifier: GPL-2.0
/*
 * The module around a policy of policies/, which user space compiles too. Kbuild compiles this once for each, with
 * DK_POLICY_SYMBOL the linker's name of its dime_policy_ops, a C++ object, and DK_POLICY_NAME.
 */
#include <linux/module.h>
#include <dime/replacement.h>

extern const struct dime_policy_ops operations __asm__(DK_POLICY_SYMBOL);

static struct dime_policy_ops policy;

static int __init policy_module_init(void)
{
	policy = operations;
	policy.owner = THIS_MODULE;
	return register_page_replacement_policy(&policy);
}

static void __exit policy_module_exit(void)
{
	deregister_page_replacement_policy(&policy);
}

module_init(policy_module_init);
module_exit(policy_module_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("DiME: the replacement policy " DK_POLICY_NAME);
