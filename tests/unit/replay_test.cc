// SPDX-License-Identifier: GPL-2.0
// Page references replayed against policies: traces whose misses were counted by hand.
#include "engines/simulator/replay.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "policies/registry.h"

namespace dime::test {
namespace {

using simulator::replay;
using simulator::ReplayResult;

std::vector<std::uint32_t> pages_of(std::string_view letters) {
  return {letters.begin(), letters.end()};
}

ReplayResult run(const dime_policy_ops& policy, std::uint64_t capacity,
                 const std::vector<std::uint32_t>& trace) {
  const std::uint32_t pages = trace.empty() ? 1 : *std::max_element(trace.begin(), trace.end()) + 1;
  return replay({&policy, nullptr, capacity, 1}, trace, pages).value_or(ReplayResult{});
}

TEST(Replay, AnEmptyTraceHasNoMisses) {
  for (const dime_policy_ops* const policy : policies::kSimulated) {
    EXPECT_EQ(run(*policy, 3, {}), ReplayResult{}) << policy->name;
  }
}

TEST(Replay, BeladysAnomalyUnderFifo) {
  const auto trace = pages_of("123412512345");
  const ReplayResult three = run(policies::kFifo, 3, trace);
  EXPECT_EQ(three.misses, 9u);
  EXPECT_EQ(three.references, 12u);
  EXPECT_EQ(three.first_touches, 5u);
  EXPECT_EQ(three.evictions, 6u);
  EXPECT_EQ(run(policies::kFifo, 4, trace).misses, 10u);
}

TEST(Replay, TheSameTraceUnderLru) {
  const auto trace = pages_of("123412512345");
  EXPECT_EQ(run(policies::kLru, 3, trace).misses, 10u);
  EXPECT_EQ(run(policies::kLru, 4, trace).misses, 8u);
}

// What holds for every policy: enough room for everything costs the first touches only, and with
// room for one page every change of page is a miss.
TEST(Replay, EveryPolicyAtTheEnds) {
  const auto trace = pages_of("ABCABDAABBCEEFABCDABFACADEFFABACCA");
  const auto changes =
      static_cast<std::uint64_t>(std::count_if(trace.begin() + 1, trace.end(),
                                               [last = trace[0]](std::uint32_t page) mutable {
                                                 return std::exchange(last, page) != page;
                                               })) +
      1;
  for (const dime_policy_ops* const policy : policies::kSimulated) {
    for (const std::uint64_t enough : {6u, 7u, 100u}) {
      const ReplayResult all = run(*policy, enough, trace);
      EXPECT_EQ(all.misses, 6u) << policy->name << " " << enough;
      EXPECT_EQ(all.evictions, 0u) << policy->name << " " << enough;
    }
    EXPECT_EQ(run(*policy, 1, trace).misses, changes) << policy->name;
    for (const std::uint64_t few : {2u, 3u, 4u, 5u}) {
      const ReplayResult some = run(*policy, few, trace);
      EXPECT_GE(some.misses, 6u) << policy->name << " " << few;
      EXPECT_LE(some.misses, changes) << policy->name << " " << few;
      EXPECT_EQ(some.evictions, some.misses - few) << policy->name << " " << few;
    }
  }
}

// A dropped page leaves room, is allocated anew, and nothing of it is left, whether it was local or
// evicted. With room for all of the pages no policy has a choice.
TEST(Replay, ADroppedPageIsFreshUnderEveryPolicy) {
  const std::vector<std::uint32_t> trace = {1, 2, 1 | simulator::kDropped, 3, 2, 1, 3};
  std::vector<std::uint32_t> busy;
  for (std::uint32_t i = 0; i < 20'000; ++i) {
    const std::uint32_t page = i * 7919 % 101 * (i % 3) % 61;
    busy.push_back(i % 11 == 0 ? page | simulator::kDropped : page);
  }
  for (const dime_policy_ops* const policy : policies::kSimulated) {
    std::vector<simulator::Miss> misses;
    const auto all = replay({policy, nullptr, 3, 1}, trace, 4, &misses);
    ASSERT_TRUE(all.has_value()) << policy->name;
    EXPECT_EQ(*all, (ReplayResult{6, 4, 4, 0})) << policy->name;
    ASSERT_EQ(misses.size(), 4u) << policy->name;
    EXPECT_EQ(misses[3].step, 5u) << policy->name;
    EXPECT_EQ(misses[3].first_touch, 1u) << policy->name;
    for (const std::uint64_t size : {1u, 2u, 10u, 40u}) {
      misses.clear();
      const auto some = replay({policy, nullptr, size, 1}, busy, 61, &misses);
      ASSERT_TRUE(some.has_value()) << policy->name << " " << size;
      EXPECT_EQ(some->misses, misses.size()) << policy->name << " " << size;
      const auto best = replay({&policies::kOpt, nullptr, size, 1}, busy, 61);
      EXPECT_GE(some->misses, best->misses) << policy->name << " " << size;
      EXPECT_GE(some->first_touches, 61u / 2) << policy->name << " " << size;
    }
  }
}

TEST(Replay, TheSameSeedGivesTheSameMisses) {
  std::vector<std::uint32_t> trace;
  for (std::uint32_t i = 0; i < 10'000; ++i) {
    trace.push_back(i * 7919 % 101);
  }
  const auto with_seed = [&trace](std::uint64_t seed) {
    return replay({&policies::kRandom, nullptr, 50, seed}, trace, 101)->misses;
  };
  EXPECT_EQ(with_seed(3), with_seed(3));
  EXPECT_NE(with_seed(3), with_seed(4));
}

}  // namespace
}  // namespace dime::test
