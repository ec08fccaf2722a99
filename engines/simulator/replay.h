// SPDX-License-Identifier: GPL-2.0
// A sequence of page references, replayed against a replacement policy: how many miss.
//
// All accesses are seen (DIME_SEES_ACCESSES), and for a policy that asks for it the next use of
// each page is known (DIME_SEES_FUTURE). Pages are numbers below `pages`, densely given: what is
// kept grows with the largest one. Time counts references. No system calls, no clock; memory from
// the C++ library.
//
// Not thread-safe; different replays are independent of each other. One reference is O(1) where the
// policy's operations are.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "dime/policy.h"

namespace dime::simulator {

struct ReplayResult {
  std::uint64_t references = 0;
  std::uint64_t misses = 0;         ///< first touches among them
  std::uint64_t first_touches = 0;  ///< misses of pages that were never seen before
  std::uint64_t evictions = 0;
  bool operator==(const ReplayResult&) const = default;
};

/// What is replayed against. Points to what the caller keeps for as long as the replay runs.
struct ReplaySetup {
  const dime_policy_ops* policy = nullptr;
  const std::uint64_t* values = nullptr;  ///< of its parameters; null = the defaults
  std::uint64_t capacity = 1;             ///< pages that are local at most; at least 1
  std::uint64_t seed = 1;
};

/// Replays `references` from a cold start. REQUIRES: all are below `pages`. None without memory for
/// the policy.
std::optional<ReplayResult> replay(const ReplaySetup& setup,
                                   std::span<const std::uint32_t> references, std::uint32_t pages);

}  // namespace dime::simulator
