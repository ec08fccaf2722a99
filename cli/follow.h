// SPDX-License-Identifier: GPL-2.0
// dime status --follow: a line for each instance and interval, until it is stopped.
#pragma once

#include <chrono>
#include <cstdint>

#include "cli/engine_choice.h"

namespace dime {

struct FollowRequest {
  std::chrono::milliseconds interval{};
  std::uint64_t count = 0;  ///< intervals; 0 = for ever
  bool json = false;        ///< a JSON object a line
};

/// Returns the exit status of `dime`.
int follow(const EngineOption& engines, const FollowRequest& request);

}  // namespace dime
