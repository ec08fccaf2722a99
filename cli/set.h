// SPDX-License-Identifier: GPL-2.0
// Changes of a running instance, for the commands that make them.
#pragma once

#include <string>
#include <vector>

#include "cli/emulation_options.h"

namespace dime {

/// What the options of `dime set` in `words` ask for, checked as there.
Result<EmulationRequest> parse_changes(std::vector<std::string> words);

}  // namespace dime
