/* SPDX-License-Identifier: GPL-2.0 */
/* A module around a policy of policies/. @symbol is the linker's name of its dime_policy_ops, a C++ object. */
#ifndef DK_POLICY_MODULE_H
#define DK_POLICY_MODULE_H

#include <linux/module.h>
#include <dime/replacement.h>

#define DIME_POLICY_MODULE(symbol)                                                      \
	extern const struct dime_policy_ops operations __asm__(symbol);                 \
	static struct page_replacement_policy_struct policy;                            \
                                                                                        \
	static int __init policy_module_init(void)                                      \
	{                                                                               \
		policy.owner = THIS_MODULE;                                             \
		policy.name = operations.name;                                          \
		policy.summary = operations.summary;                                    \
		policy.state_bytes = operations.state_bytes;                            \
		policy.init = operations.init;                                          \
		policy.add_page = operations.add_page;                                  \
		policy.remove_page = operations.remove_page;                            \
		policy.victim = operations.victim;                                      \
		policy.defer = operations.defer;                                        \
		policy.clean = operations.clean;                                        \
		return register_page_replacement_policy(&policy);                       \
	}                                                                               \
                                                                                        \
	static void __exit policy_module_exit(void)                                     \
	{                                                                               \
		deregister_page_replacement_policy(&policy);                            \
	}                                                                               \
                                                                                        \
	module_init(policy_module_init);                                                \
	module_exit(policy_module_exit);                                                \
	MODULE_LICENSE("GPL")

#endif
