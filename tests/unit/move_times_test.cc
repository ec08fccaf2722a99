// SPDX-License-Identifier: GPL-2.0
// What the times of moves tell of other processors.
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

TEST(MoveTimes, MovesHomeHaveAMedian) {
  EXPECT_EQ(MoveTimes{}.home().value, 0u);
  EXPECT_EQ(after(10, 900, 1'000).home().value, 1'000u);
  MoveTimes times = after(100, 900, 1'000);
  for (unsigned i = 0; i < 400; ++i) {
    times.note_home({2'000});
  }
  EXPECT_NEAR(static_cast<double>(times.home().value), 2'000, 40);
}

}  // namespace
}  // namespace dime::agent
