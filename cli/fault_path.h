// SPDX-License-Identifier: GPL-2.0
// Chooses the fault path: inline where the program's system calls can be rewritten, and the kernel
// dispatches those that are missed.
#pragma once

#include <string>

#include "base/result.h"
#include "control/fault_path.h"

namespace dime {

/// `wanted` is auto, thread or inline; auto is inline where that is possible. An error where inline
/// was asked for and is not possible: what is missing.
Result<FaultPath> choose_fault_path(const std::string& wanted);

}  // namespace dime
