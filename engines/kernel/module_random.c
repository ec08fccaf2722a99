// SPDX-License-Identifier: GPL-2.0
/* policy=random as a module: the operations are those of policies/random.cc, which user space compiles too. */
#include "policy_module.h"

DIME_POLICY_MODULE("_ZN4dime8policies7kRandomE");
MODULE_DESCRIPTION("DiME: the random replacement policy");
