// SPDX-License-Identifier: GPL-2.0
// Applies a configuration string to the instances of the user engine.
#pragma once

#include <string>

#include "base/result.h"

namespace dime {

/// Applies `text` whole or not at all: an error names the key and the reason, and nothing has
/// changed. A process that dies meanwhile is no error.
Result<void> apply_config(const std::string& text);

}  // namespace dime
