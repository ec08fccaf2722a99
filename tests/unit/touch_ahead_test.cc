// SPDX-License-Identifier: GPL-2.0
// How many pages are opened behind first touches.
#include "engines/user/agent/touch_ahead.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace dime::agent {
namespace {

TEST(TouchAhead, GrowsWithARunAndNotBeyondIt) {
  TouchAhead ahead;
  std::uint64_t page = 100;
  for (const unsigned expected : {0, 1, 2, 4, 8, 16, 32, 32}) {
    const unsigned behind = ahead.touched({page});
    EXPECT_EQ(behind, expected);
    EXPECT_LE(behind, page - 100 + 1) << "more than the run has touched";
    ahead.opened(behind);
    page += 1 + behind;
  }
}

TEST(TouchAhead, LeavesScatteredAndDescendingTouchesAlone) {
  TouchAhead ahead;
  for (std::uint64_t i = 0; i < 100; ++i) {
    EXPECT_EQ(ahead.touched({1000 + i * 3}), 0U);
    EXPECT_EQ(ahead.touched({9000 - i}), 0U);
  }
}

TEST(TouchAhead, FollowsSeveralRunsAtOnce) {
  TouchAhead ahead;
  unsigned faults = 0;
  std::uint64_t next[] = {1000, 5000, 9000};
  while (next[2] < 10'000) {
    for (std::uint64_t& page : next) {
      ++faults;
      const unsigned behind = ahead.touched({page});
      ahead.opened(behind);
      page += 1 + behind;
    }
  }
  EXPECT_LT(faults, 3U * 40);
}

TEST(TouchAhead, GoesOnBehindWhatCouldNotBeOpened) {
  TouchAhead ahead;
  EXPECT_EQ(ahead.touched({100}), 0U);
  EXPECT_EQ(ahead.touched({101}), 1U);
  ahead.opened(1);
  EXPECT_EQ(ahead.touched({103}), 2U);
  ahead.opened(1);  // 105 is of the sample
  EXPECT_EQ(ahead.touched({105}), 4U);
}

}  // namespace
}  // namespace dime::agent
