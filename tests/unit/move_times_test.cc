// SPDX-License-Identifier: GPL-2.0
// What the times of moves tell of other processors and of this one's speed.
#include "engines/user/agent/inline/move_times.h"

#include <gtest/gtest.h>

namespace dime::agent {
namespace {

MoveTimes after(unsigned count, std::uint64_t out_ns, std::uint64_t home_ns) {
  MoveTimes times;
  for (unsigned i = 0; i < count; ++i) {
    times.note_out({out_ns});
    times.note_home({home_ns});
  }
  return times;
}

TEST(MoveTimes, InterruptsShowInSeveralMovesNotInOne) {
  MoveTimes times = after(20, 900, 900);
  EXPECT_FALSE(times.interrupt_others());
  times.note_out({1'000'000});
  EXPECT_FALSE(times.interrupt_others());
  for (unsigned i = 0; i < 10; ++i) {
    times.note_out({11'000});
  }
  EXPECT_TRUE(times.interrupt_others());
  for (unsigned i = 0; i < 30; ++i) {
    times.note_out({900});
  }
  EXPECT_FALSE(times.interrupt_others());
}

TEST(MoveTimes, LeadFollowsTheProcessorWithinBounds) {
  const Nanos lead{6'000};
  EXPECT_EQ(MoveTimes{}.now(lead, {1'000}).value, 6'000u);
  EXPECT_EQ(after(10, 900, 1'100).now(lead, {1'000}).value, 6'600u);
  EXPECT_EQ(after(10, 900, 900).now(lead, {1'000}).value, 5'400u);
  EXPECT_EQ(after(10, 900, 9'000).now(lead, {1'000}).value, 7'500u);
  EXPECT_EQ(after(10, 900, 100).now(lead, {1'000}).value, 4'000u);
  EXPECT_EQ(after(10, 900, 900).now(lead, {0}).value, 6'000u);
}

TEST(MoveTimes, QuickestMomentIsKnownAfterAStretch) {
  EXPECT_EQ(after(39, 900, 1'000).home_at_best().value, 0u);
  MoveTimes times = after(40, 900, 1'000);
  EXPECT_EQ(times.home_at_best().value, 1'000u);
  for (unsigned i = 0; i < 400; ++i) {
    times.note_home({2'000});
  }
  EXPECT_EQ(times.home_at_best().value, 1'000u);
  EXPECT_GT(times.home().value, 1'900u);
}

}  // namespace
}  // namespace dime::agent
