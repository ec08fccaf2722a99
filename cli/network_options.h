// SPDX-License-Identifier: GPL-2.0
// Options of the network whose values are files or come in parts: read here, and refused with their
// line, before anything starts.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "core/parameters.h"

namespace dime {

/// A value of --jitter as core/jitter.h reads it: table:FILE becomes table:NS:NS..
Result<std::string> with_table(const std::string& text);

/// The FILE of such a value, empty where it has none.
std::string table_path(const std::string& text);

/// The file of --fetch-times.
Result<dime_fetch_times> read_fetch_times(const std::string& path);

/// Appends the steps of --at, each a time and its changes.
Result<void> read_steps(const std::vector<std::pair<std::string, std::string>>& steps,
                        dime_schedule& schedule);

/// A step of the plan's schedule whose stall is below `floor_ns` under `parameters`, or null.
const dime_step* step_below_floor(const dime_parameters& parameters, const config::Plan& plan,
                                  std::uint64_t floor_ns);

}  // namespace dime
