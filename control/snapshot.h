// SPDX-License-Identifier: GPL-2.0
// A control block as readers use it: a copy, within its bounds.
#pragma once

#include <memory>

#include "control/control_block.h"

namespace dime {

/// Parameters, tiers, rules and network are consistent with each other, and everything is within
/// its bounds (core/clamp.h). For whoever reads or prints what a block says.
std::unique_ptr<dime_control> snapshot(const ControlBlock& block);

}  // namespace dime
