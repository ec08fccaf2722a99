// SPDX-License-Identifier: GPL-2.0
// The statistics of calibration on made-up samples.
#include "engines/user/calibration/calibration.h"

#include <gtest/gtest.h>

namespace dime {
namespace {

TEST(Calibration, QuantilesOfAscendingValues) {
  const std::vector<std::uint64_t> values = {10, 20, 30, 40};
  EXPECT_EQ(quantile_of(values, 5'000), 20u);
  EXPECT_EQ(quantile_of(values, 7'501), 40u);
  EXPECT_EQ(quantile_of(values, 10'000), 40u);
  EXPECT_EQ(quantile_of({}, 5'000), 0u);
}

TEST(Calibration, TheQuietestStretchCounts) {
  std::vector<std::uint64_t> samples(120, 50'000);
  EXPECT_EQ(quiet_median(samples), 50'000u);
  // The second stretch of 40 is quiet, but for a few.
  for (std::size_t i = 40; i < 80; ++i) {
    samples[i] = i % 4 == 0 ? 70'000 : 9'000;
  }
  EXPECT_EQ(quiet_median(samples), 9'000u);
}

TEST(Calibration, AShortRestDoesNotCount) {
  std::vector<std::uint64_t> samples(40, 9'000);
  samples.push_back(1);
  EXPECT_EQ(quiet_median(samples), 9'000u);
  EXPECT_EQ(quiet_median({7, 8, 9}), 8u);
  EXPECT_EQ(quiet_median({}), 0u);
}

}  // namespace
}  // namespace dime
