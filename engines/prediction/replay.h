// SPDX-License-Identifier: GPL-2.0
// A sequence of page references, replayed under a replacement policy at one local size: what
// misses.
//
// Every reference is seen. Pages are numbers below `pages`, densely given: what is kept grows with
// the largest one. Unit pages, cold start.
//
// Different replays are independent of each other.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace dime::prediction {

/// With a page number of a sequence: the program gave the page back, and it is no reference. The
/// next reference to the page is a first touch.
inline constexpr std::uint32_t kDropped = std::uint32_t{1} << 31;

/// A reference that missed.
struct Miss {
  std::uint64_t step : 62;        ///< its index in the sequence
  std::uint64_t first_touch : 1;  ///< the page was never seen before, or was dropped since
  std::uint64_t evicted : 1;      ///< another page went for it
};

struct ReplayResult {
  std::uint64_t references = 0;
  std::uint64_t misses = 0;         ///< first touches among them
  std::uint64_t first_touches = 0;  ///< pages that were never seen before, or dropped since
  std::uint64_t evictions = 0;
  bool operator==(const ReplayResult&) const = default;
};

struct Replay {
  std::span<const std::uint32_t> steps;
  std::uint32_t pages = 0;              ///< all steps are below, but for kDropped
  std::uint64_t local_pages = 1;        ///< at least 1
  std::vector<Miss>* misses = nullptr;  ///< where it is set, takes every miss, in order
};

/// What can be replayed: the policies whose order follows from the references alone.
struct ReplayPolicy {
  const char* name;
  ReplayResult (*run)(const Replay& replay);
};
extern const ReplayPolicy kFifo;  ///< the page that has been local longest goes
extern const ReplayPolicy kLru;   ///< the page whose last use is longest ago goes
/// The page goes whose next use is farthest away: the fewest misses that any policy can have
/// (Belady, IBM Systems Journal 5/2, 1966).
extern const ReplayPolicy kOpt;
inline constexpr const ReplayPolicy* kPolicies[] = {&kFifo, &kLru, &kOpt};

/// The policy of this name, or null.
const ReplayPolicy* find_policy(std::string_view name);

}  // namespace dime::prediction
