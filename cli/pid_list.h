// SPDX-License-Identifier: GPL-2.0
// The value of -p: PID[,PID..].
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/result.h"

namespace dime {

/// Parses "1234,5678". Error: something else than numbers from 1 up, or a pid named twice.
Result<std::vector<pid_t>> parse_pids(const std::string& text);

}  // namespace dime
