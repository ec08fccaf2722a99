// SPDX-License-Identifier: GPL-2.0
// Page references replayed with a prefetcher: counts that were worked out by hand, and what holds
// for every prefetcher and policy.
#include <gtest/gtest.h>

#include <vector>

#include "engines/simulator/replay.h"
#include "policies/registry.h"
#include "prefetchers/registry.h"

namespace dime::test {
namespace {

using simulator::Miss;
using simulator::PagePlaces;
using simulator::PrefetchCounts;
using simulator::ReplayResult;

/// Pages 0 to `count` - 1 of one process, in their order.
PagePlaces in_a_row(std::uint32_t count) {
  trace::PageIndex index;
  for (std::uint32_t page = 0; page < count; ++page) {
    index.of(0, page);
  }
  return PagePlaces(std::move(index));
}

struct Replayed {
  ReplayResult result;
  std::vector<Miss> misses;
};

Replayed run(const char* prefetcher, const dime_policy_ops& policy, std::uint64_t capacity,
             const std::vector<std::uint32_t>& steps, std::uint32_t pages,
             const std::vector<std::vector<std::uint64_t>>& tapes = {}) {
  const PagePlaces places = in_a_row(pages);
  simulator::PrefetchSetup prefetch;
  prefetch.places = &places;
  prefetch.tapes = tapes;
  EXPECT_TRUE(prefetch_choice::read(*prefetchers::find(prefetch_choice::name_of(prefetcher)),
                                    prefetcher, prefetch.choice)
                  .ok());
  Replayed replayed;
  const auto result =
      simulator::replay({&policy, nullptr, capacity, 1, &prefetch}, steps, pages, &replayed.misses);
  EXPECT_TRUE(result.has_value());
  replayed.result = result.value_or(ReplayResult{});
  return replayed;
}

std::vector<std::uint32_t> scans(std::uint32_t pages, unsigned times) {
  std::vector<std::uint32_t> steps;
  for (unsigned i = 0; i < times; ++i) {
    for (std::uint32_t page = 0; page < pages; ++page) {
      steps.push_back(page);
    }
  }
  return steps;
}

// Two scans of 64 pages with 16 local under FIFO: without prefetching, all of the second one
// misses. With the next page fetched ahead, the first access of it misses and each further one is
// used.
TEST(ReplayPrefetch, ASecondScanFollowsTheFirstMiss) {
  const auto steps = scans(64, 2);
  EXPECT_EQ(run("none", policies::kFifo, 16, steps, 64).result.misses, 128u);
  const ReplayResult ahead = run("sequential:1", policies::kFifo, 16, steps, 64).result;
  EXPECT_EQ(ahead.misses, 65u);
  EXPECT_EQ(ahead.first_touches, 64u);
  EXPECT_EQ(ahead.prefetch, (PrefetchCounts{63, 63, 0}));
  EXPECT_EQ(ahead.evictions, 64u + 64u - 16u);
}

// Accesses to every other page, backwards: the page behind is fetched for nothing each time.
TEST(ReplayPrefetch, WhatIsNotTouchedIsUseless) {
  std::vector<std::uint32_t> steps = scans(64, 1);
  for (std::uint32_t page = 40; page > 0; page -= 4) {
    steps.push_back(page);
  }
  for (std::uint32_t page = 48; page < 64; ++page) {
    steps.push_back(page);
  }
  const ReplayResult ahead = run("sequential:1", policies::kFifo, 16, steps, 64).result;
  EXPECT_GE(ahead.prefetch.useless, 8u);
  const ReplayResult plain = run("none", policies::kFifo, 16, steps, 64).result;
  EXPECT_GT(ahead.evictions, plain.evictions);
}

TEST(ReplayPrefetch, UntouchedPagesAreNotFetched) {
  EXPECT_EQ(run("sequential:4", policies::kFifo, 64, scans(64, 3), 64).result.prefetch,
            PrefetchCounts{});
}

TEST(ReplayPrefetch, EveryFetchIsNotedBehindItsAccess) {
  const Replayed replayed = run("sequential:1", policies::kFifo, 16, scans(64, 2), 64);
  std::uint64_t ahead = 0;
  std::uint64_t used = 0;
  std::uint64_t misses = 0;
  for (const Miss& miss : replayed.misses) {
    ahead += miss.ahead;
    used += miss.used;
    misses += miss.ahead == 0 && miss.used == 0 ? 1 : 0;
  }
  EXPECT_EQ(ahead, replayed.result.prefetch.issued);
  EXPECT_EQ(used, replayed.result.prefetch.used);
  EXPECT_EQ(misses, replayed.result.misses);
  EXPECT_EQ(replayed.misses[64].step, 64u);
  EXPECT_EQ(replayed.misses[65].ahead, 1u);
  EXPECT_EQ(replayed.misses[65].step, 1u);
}

// Whatever fetches ahead, under every policy: nothing is lost or counted twice.
TEST(ReplayPrefetch, CountsAddUpForAll) {
  const auto steps = scans(200, 3);
  const std::vector<std::vector<std::uint64_t>> tapes = {
      std::vector<std::uint64_t>(steps.begin(), steps.end())};
  for (const dime_policy_ops* const policy : policies::kSimulated) {
    for (const char* const prefetcher :
         {"none", "sequential:4", "stride", "linux", "leap", "tape:x"}) {
      const ReplayResult result = run(prefetcher, *policy, 50, steps, 200, tapes).result;
      const PrefetchCounts& ahead = result.prefetch;
      EXPECT_EQ(result.references, 600u);
      EXPECT_EQ(result.first_touches, 200u);
      EXPECT_LE(ahead.used + ahead.useless, ahead.issued);
      EXPECT_LE(ahead.issued - ahead.used - ahead.useless, 50u);
      EXPECT_EQ(result.misses + ahead.issued - result.evictions, 50u)
          << policy->name << " " << prefetcher;
    }
  }
}

// The tape is the bound: with FIFO and a plain scan only the very first access misses.
TEST(ReplayPrefetch, ATapeLeavesOneMiss) {
  const auto steps = scans(200, 3);
  const std::vector<std::vector<std::uint64_t>> tapes = {
      std::vector<std::uint64_t>(steps.begin(), steps.end())};
  EXPECT_LE(run("tape:x,pages=4", policies::kFifo, 50, steps, 200, tapes).result.misses, 203u);
}

}  // namespace
}  // namespace dime::test
