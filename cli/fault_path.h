// SPDX-License-Identifier: GPL-2.0
// Chooses the mechanism: move where the kernel can move pages, or else copy; and the fault path:
// inline where the program's system calls can be rewritten, and the kernel dispatches those that
// are missed.
#pragma once

#include <string>

#include "base/result.h"
#include "control/fault_path.h"

namespace dime {

/// `wanted` is auto, move or copy; auto is the best that this kernel has. An error names those that
/// it has.
Result<dime_mechanism> choose_mechanism(const std::string& wanted);

/// `wanted` is auto, thread or inline; auto is inline where that is possible. `mechanism` is as in
/// choose_mechanism(). An error where what was asked for is not possible: what is missing.
Result<FaultPath> choose_fault_path(const std::string& wanted, const std::string& mechanism);

}  // namespace dime
