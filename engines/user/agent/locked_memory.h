// SPDX-License-Identifier: GPL-2.0
// mlock() of memory among which the agent's own is: that is left out, because the kernel would fill
// its holes, and moves no page between locked and unlocked memory.
#pragma once

#include "core/units.h"

namespace dime::agent::locked_memory {

/// mlock2() of `range` with `flags`. 0 or a negative errno.
long lock(AddressRange range, long flags);

/// Fills `parts` with the parts of `range` that the program may access, as many as fit, and returns
/// how many; `range` begins behind them afterwards, and is empty when there are no more.
unsigned accessible(AddressRange& range, AddressRange* parts, unsigned capacity);

}  // namespace dime::agent::locked_memory
