// SPDX-License-Identifier: GPL-2.0
// From a finished run to its result.
#pragma once

#include <string>
#include <vector>

#include "cli/child.h"
#include "cli/instance_setup.h"
#include "report/run_result.h"

namespace dime {

RunResult collect_result(const ChildResult& child, const PreparedInstance& instance,
                         const std::vector<std::string>& command);

}  // namespace dime
