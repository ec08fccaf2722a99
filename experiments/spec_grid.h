// SPDX-License-Identifier: GPL-2.0
// [grid] of a spec: options of `dime run`, each with a value or a list of values.
#pragma once

#include <toml++/toml.h>

#include <string>
#include <vector>

#include "experiments/spec.h"

namespace dime::experiments {

inline constexpr std::size_t kMostPoints = 20'000;

/// In the order of the file. Whether the options exist is not looked at.
Result<std::vector<Axis>> read_grid(const std::string& path, const toml::table& root);

}  // namespace dime::experiments
