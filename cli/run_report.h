// SPDX-License-Identifier: GPL-2.0
// From a finished run to its result.
#pragma once

#include <string>
#include <vector>

#include "cli/child.h"
#include "cli/engine.h"
#include "report/run_result.h"

namespace dime {

/// `created` as of the session that `instance` was seen through.
RunResult collect_result(const ChildResult& child, const Engine& engine,
                         const InstanceView& instance, bool created,
                         const std::vector<std::string>& command);

}  // namespace dime
