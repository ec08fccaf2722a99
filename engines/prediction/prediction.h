// SPDX-License-Identifier: GPL-2.0
// Every policy at every size, from one trace.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "core/policy_choice.h"
#include "core/prefetch_choice.h"
#include "dime/abi.h"
#include "engines/prediction/program.h"
#include "engines/prediction/timeline.h"
#include "engines/simulator/replay.h"

namespace dime::prediction {

/// A policy to replay, and what it is called in the results.
struct ChosenPolicy {
  std::string text;  ///< as it was asked for: NAME,PARAMETER=VALUE,...
  PolicyChoice choice;
};

/// A prefetcher to replay with, and what it is called in the results.
struct ChosenPrefetcher {
  std::string text;
  PrefetchChoice choice;
  Tape tape;

  [[nodiscard]] bool prefetches() const {
    return choice.prefetcher != nullptr && choice.prefetcher->propose != nullptr;
  }
};

/// True where `policy` can be predicted from the faults of a run under a limit, which lack the
/// hits. From five times that limit up, those of fifo, lru, clock and opt were within 1% of what
/// all accesses give (the traces of tests/unit/page_traces.h). Others rank pages by hits, and may
/// be far off: sieve up to 466%, mru 28%, lfu 14%.
bool works_from_faults(const dime_policy_ops& policy);

struct Point {
  const ChosenPolicy* policy = nullptr;  ///< of the setup, as is the prefetcher
  const ChosenPrefetcher* prefetcher = nullptr;
  std::uint64_t local_pages = 0;
  std::uint64_t references = 0;
  std::uint64_t misses = 0;  ///< first touches among them
  std::uint64_t first_touches = 0;
  std::uint64_t evictions = 0;
  simulator::PrefetchCounts prefetch;
  std::uint64_t opt_misses = 0;  ///< the fewest that any policy could have, without prefetching
  bool good = true;              ///< the trace is good for this size and policy
  Timing timing;

  [[nodiscard]] double miss_ratio() const {
    return references == 0 ? 0 : static_cast<double>(misses) / static_cast<double>(references);
  }
  /// Of the pages that a thread would have had to wait for, those that were fetched ahead of it.
  [[nodiscard]] double coverage() const {
    const std::uint64_t wanted = prefetch.used + misses - first_touches;
    return wanted == 0 ? 0 : static_cast<double>(prefetch.used) / static_cast<double>(wanted);
  }
  /// Of the pages that were fetched ahead, and whose fate is known, those that were of use.
  [[nodiscard]] double accuracy() const {
    const std::uint64_t known = prefetch.used + prefetch.useless;
    return known == 0 ? 0 : static_cast<double>(prefetch.used) / static_cast<double>(known);
  }
  [[nodiscard]] double slow_down() const {
    return timing.native_s == 0 ? 1 : timing.wall_s / timing.native_s;
  }
};

struct PredictionSetup {
  std::vector<ChosenPolicy> policies;
  std::vector<ChosenPrefetcher> prefetchers = {{"none", {}, {}}};
  std::vector<std::uint64_t> sizes;  ///< local pages, at least 1 each
  dime_parameters parameters{};      ///< the network
  std::uint64_t native_ns = 0;       ///< how long the program takes natively, 0 = not known
  unsigned workers = 1;
  std::function<void(double)> progress;  ///< is told how much is done, of 1; from one thread
};

/// A point for each policy, prefetcher and size, each in their order, sizes innermost. Random
/// choices are the same in every run. `setup` has to live as long as the points. An error without
/// memory.
Result<std::vector<Point>> predict(const Program& program, const PredictionSetup& setup);

}  // namespace dime::prediction
