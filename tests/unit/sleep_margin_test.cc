// SPDX-License-Identifier: GPL-2.0
// The margin follows what timers do, and stays between its bounds.
#include "engines/user/agent/sleep_margin.h"

#include <gtest/gtest.h>

namespace dime::agent {
namespace {

SleepMargin after(unsigned count, std::uint64_t usual, std::uint64_t one_in_ten) {
  SleepMargin margin;
  for (unsigned i = 0; i < count; ++i) {
    margin.note({i % 10 == 0 ? one_in_ten : usual});
  }
  return margin;
}

TEST(SleepMargin, IsTheLeastWhereTimersArePunctual) {
  EXPECT_EQ(SleepMargin().value(), Nanos{80'000});
  EXPECT_EQ(after(1'000, 55'000, 70'000).value(), Nanos{80'000});
}

TEST(SleepMargin, IsAboveWhatIsUsual) {
  EXPECT_GT(after(100, 150'000, 180'000).value(), Nanos{150'000});
  EXPECT_LT(after(10'000, 150'000, 180'000).value(), Nanos{250'000});
}

TEST(SleepMargin, AProcessorThatOthersHaveDoesNotRaiseIt) {
  EXPECT_EQ(after(1'000, 5'000'000, 55'000).value(), Nanos{80'000});
}

TEST(SleepMargin, OfALongWaitIsTheLeast) {
  const SleepMargin margin = after(100, 150'000, 180'000);
  EXPECT_GT(margin.of({400'000}), Nanos{150'000});
  EXPECT_EQ(margin.of({1'000'000}), Nanos{80'000});
}

TEST(SleepMargin, HasAHighestValueAndComesDownAgain) {
  SleepMargin margin = after(1'000, 299'999, 299'999);
  EXPECT_EQ(margin.value(), Nanos{300'000});
  for (unsigned i = 0; i < 300; ++i) {
    margin.note({50'000});
  }
  EXPECT_EQ(margin.value(), Nanos{80'000});
}

}  // namespace
}  // namespace dime::agent
