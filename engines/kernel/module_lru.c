// SPDX-License-Identifier: GPL-2.0
/* policy=lru as a module: the operations are those of policies/lru.cc, which user space compiles too. */
#include "policy_module.h"

DIME_POLICY_MODULE("_ZN4dime8policies4kLruE");
MODULE_DESCRIPTION("DiME: the lru replacement policy");
