// SPDX-License-Identifier: GPL-2.0
// Medians and their intervals against values from the tables of order statistics.
#include <gtest/gtest.h>

#include <numeric>

#include "experiments/statistics.h"

namespace dime::experiments {
namespace {

std::vector<double> up_to(std::size_t count) {
  std::vector<double> values(count);
  std::iota(values.rbegin(), values.rend(), 1.0);
  return values;
}

TEST(SweepStatistics, MedianOfOddAndEvenCounts) {
  EXPECT_EQ(median({3}), 3);
  EXPECT_EQ(median({9, 1, 5}), 5);
  EXPECT_EQ(median({9, 1, 5, 7}), 6);
}

TEST(SweepStatistics, CoverageIsThatOfAFairCoin) {
  EXPECT_DOUBLE_EQ(coverage_of_ranks(1, 1), 0);
  EXPECT_DOUBLE_EQ(coverage_of_ranks(5, 1), 1 - 2.0 / 32);
  EXPECT_DOUBLE_EQ(coverage_of_ranks(6, 1), 1 - 2.0 / 64);
  EXPECT_DOUBLE_EQ(coverage_of_ranks(8, 1), 1 - 2.0 / 256);
  EXPECT_DOUBLE_EQ(coverage_of_ranks(10, 2), 1 - 2.0 * (1 + 10) / 1024);
  EXPECT_NEAR(coverage_of_ranks(1000, 469), 0.9537, 0.0002);
}

// The ranks for 95 % as textbooks list them: 6 to 8 runs give the range, 9 the second values, ...
TEST(SweepStatistics, IntervalHasTheListedRanks) {
  const struct {
    std::size_t count;
    double low;
  } rows[] = {{6, 1}, {8, 1}, {9, 2}, {11, 2}, {12, 3}, {15, 4}, {20, 6}, {30, 10}, {100, 40}};
  for (const auto& row : rows) {
    const Interval interval = median_interval(up_to(row.count));
    EXPECT_EQ(interval.low, row.low) << row.count;
    EXPECT_EQ(interval.high, static_cast<double>(row.count) + 1 - row.low) << row.count;
    EXPECT_GE(interval.coverage, kConfidence) << row.count;
  }
}

TEST(SweepStatistics, TooFewRunsGiveTheRangeAndSaySo) {
  const Interval interval = median_interval({4, 2, 3});
  EXPECT_EQ(interval.low, 2);
  EXPECT_EQ(interval.high, 4);
  EXPECT_DOUBLE_EQ(interval.coverage, 0.75);
  EXPECT_EQ(median_interval({7}).coverage, 0);
}

TEST(SweepStatistics, RelativeErrorIsOfTheFartherEnd) {
  EXPECT_DOUBLE_EQ(relative_error(10, {9, 13, 0.95}), 0.3);
  EXPECT_DOUBLE_EQ(relative_error(10, {4, 13, 0.95}), 0.6);
  EXPECT_DOUBLE_EQ(relative_error(0, {0, 0, 0.95}), 0);
}

}  // namespace
}  // namespace dime::experiments
