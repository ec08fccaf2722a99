// SPDX-License-Identifier: GPL-2.0
/* policy=fifo as a module: the operations are those of policies/fifo.cc, which user space compiles too. */
#include "policy_module.h"

DIME_POLICY_MODULE("_ZN4dime8policies5kFifoE");
MODULE_DESCRIPTION("DiME: the fifo replacement policy");
