// SPDX-License-Identifier: GPL-2.0
// Every policy at every size, from one trace.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "dime/abi.h"
#include "engines/prediction/program.h"
#include "engines/prediction/replay.h"
#include "engines/prediction/timeline.h"

namespace dime::prediction {

struct Point {
  const ReplayPolicy* policy = nullptr;
  std::uint64_t local_pages = 0;
  std::uint64_t references = 0;
  std::uint64_t misses = 0;  ///< first touches among them
  std::uint64_t first_touches = 0;
  std::uint64_t evictions = 0;
  std::uint64_t opt_misses = 0;  ///< the fewest that any policy could have
  bool good = true;              ///< the trace is good for this size
  Timing timing;

  [[nodiscard]] double miss_ratio() const {
    return references == 0 ? 0 : static_cast<double>(misses) / static_cast<double>(references);
  }
  [[nodiscard]] double slow_down() const {
    return timing.native_s == 0 ? 1 : timing.wall_s / timing.native_s;
  }
};

struct PredictionSetup {
  std::vector<const ReplayPolicy*> policies;
  std::vector<std::uint64_t> sizes;  ///< local pages, at least 1 each
  dime_parameters parameters{};      ///< the network
  unsigned workers = 1;
  std::function<void(double)> progress;  ///< is told how much is done, of 1; from one thread
};

/// A point for each policy and size, policies in their order and sizes in theirs.
std::vector<Point> predict(const Program& program, const PredictionSetup& setup);

}  // namespace dime::prediction
