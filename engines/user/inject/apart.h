// SPDX-License-Identifier: GPL-2.0
// Work that must not be cut off half-way.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"

namespace dime {

/// Runs `work` in a child process with a session of its own and all signals blocked, and returns
/// its result. Ctrl-C, a closed terminal or a kill of this process do not end the work. Tracing
/// that `work` leaves behind ends with the child.
Result<std::string> run_apart(const std::function<Result<std::string>()>& work);

}  // namespace dime
