// SPDX-License-Identifier: GPL-2.0
/*
 * The least that a replacement policy is: it is told of each page that becomes local and decides nothing, so pages
 * go in the order in which they came. A policy with an opinion adds remove_page and victim; <dime/replacement.h> and
 * <dime/policy.h> have the contract, policies/ the real ones.
 *
 * Build:  ./build /lib/modules/$(uname -r)/build DIRECTORY   where DIRECTORY has the modules of DiME
 * Use:    insmod dime_nothing.ko; echo "instance_id=0 policy=nothing" > /proc/dime_config
 */
#include <linux/module.h>
#include <dime/replacement.h>

static int nothing_add_page(void *state, const struct dime_policy_host *host, u32 page)
{
	return 0;
}

static void nothing_clean(void *state, const struct dime_policy_host *host)
{
}

static const struct page_replacement_policy_struct nothing = {
	.owner = THIS_MODULE,
	.name = "nothing",
	.summary = "decides nothing: pages go in the order in which they came",
	.add_page = nothing_add_page,
	.clean = nothing_clean,
};

static int __init nothing_init(void)
{
	return register_page_replacement_policy(&nothing);
}

static void __exit nothing_exit(void)
{
	deregister_page_replacement_policy(&nothing);
}

module_init(nothing_init);
module_exit(nothing_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("DiME: a replacement policy that decides nothing");
