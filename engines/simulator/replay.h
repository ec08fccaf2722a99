// SPDX-License-Identifier: GPL-2.0
// A sequence of page references, replayed against a replacement policy: how many miss.
//
// All accesses are seen (DIME_SEES_ACCESSES), and for a policy that asks for it the next use of
// each page is known (DIME_SEES_FUTURE). Pages are numbers below `pages`, densely given: what is
// kept grows with the largest one. Time counts steps. No system calls, no clock; memory from the
// C++ library.
//
// Not thread-safe; different replays are independent of each other. One reference is O(1) where the
// policy's operations are.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/prefetch_choice.h"
#include "dime/policy.h"
#include "engines/simulator/page_places.h"

namespace dime::simulator {

/// With a page number of a sequence: the program gave the page back, and it is no reference. The
/// next reference to the page is a first touch.
inline constexpr std::uint32_t kDropped = std::uint32_t{1} << 31;
/// With a page number of a sequence: the program moved the page to another address, and it is no
/// reference. To a policy the page leaves, if it is local, and comes anew, as in a live engine.
inline constexpr std::uint32_t kMoved = std::uint32_t{1} << 30;

/// A reference that missed; with a prefetcher, also a fetch ahead, and the first touch of a page
/// that was fetched ahead.
struct Miss {
  /// Its index in the sequence; of a fetch ahead, the page that is fetched.
  std::uint64_t step : 60;
  std::uint64_t first_touch : 1;  ///< the page was never seen before, or was dropped since
  std::uint64_t evicted : 1;      ///< another page went for it
  /// No miss: fetched because of the last entry without this bit, and not waited for.
  std::uint64_t ahead : 1;
  std::uint64_t used : 1;  ///< no miss: a page that was fetched ahead is touched
};

/// What became of the pages that were fetched ahead. Those that are neither used nor useless are
/// still local at the end.
struct PrefetchCounts {
  std::uint64_t issued = 0;
  std::uint64_t used = 0;     ///< touched, late or not
  std::uint64_t useless = 0;  ///< evicted or dropped untouched
  bool operator==(const PrefetchCounts&) const = default;
};

struct ReplayResult {
  std::uint64_t references = 0;     ///< steps that are neither drops nor moves
  std::uint64_t misses = 0;         ///< first touches among them
  std::uint64_t first_touches = 0;  ///< misses of pages never seen before, or dropped since
  std::uint64_t evictions = 0;
  PrefetchCounts prefetch = {};
  bool operator==(const ReplayResult&) const = default;
};

/// What prefetches, and what it needs to know. `places` and `tapes` outlive the replay.
struct PrefetchSetup {
  PrefetchChoice choice;
  const PagePlaces* places = nullptr;
  /// For each process, a recorded order of its pages; for a prefetcher that replays one.
  std::span<const std::vector<std::uint64_t>> tapes;
};

/// What is replayed against. Points to what the caller keeps for as long as the replay runs.
struct ReplaySetup {
  const dime_policy_ops* policy = nullptr;
  const std::uint64_t* values = nullptr;  ///< of its parameters; null = the defaults
  std::uint64_t capacity = 1;             ///< pages that are local at most; at least 1
  std::uint64_t seed = 1;
  const PrefetchSetup* prefetch = nullptr;
};

/// Replays `steps` from a cold start. REQUIRES: all are below `pages`, but for kDropped and
/// kMoved. Where `misses` is given, every miss is appended to it, in order. None without memory for
/// the policy.
std::optional<ReplayResult> replay(const ReplaySetup& setup, std::span<const std::uint32_t> steps,
                                   std::uint32_t pages, std::vector<Miss>* misses = nullptr);

}  // namespace dime::simulator
