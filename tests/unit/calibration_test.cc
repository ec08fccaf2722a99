// SPDX-License-Identifier: GPL-2.0
// The statistics of calibration on made-up samples.
#include "engines/user/calibration/calibration.h"

#include <gtest/gtest.h>

#include "base/machine_costs.h"

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

TEST(Costs, SlownessIsAMeanOfRatios) {
  // Far faster than the reference in everything is 1, not less.
  EXPECT_DOUBLE_EQ(slowness({1, 1, 1, 1, 1, 1}), 1);
  const MachineCosts reference{1'100, 1'200, 1'600, 30'000, 100, 30};
  EXPECT_DOUBLE_EQ(slowness(reference), 1);
  MachineCosts slow = reference;
  slow.fault_ns *= 16;
  EXPECT_DOUBLE_EQ(slowness(slow), 2);
  slow.signal_ns *= 16;
  EXPECT_DOUBLE_EQ(slowness(slow), 4);
  EXPECT_DOUBLE_EQ(slowness({1e9, 1e9, 1e9, 1e9, 1, 1}), 50);
}

TEST(Costs, SuggestedLatencyIsRoundAndAboveTheFloor) {
  EXPECT_EQ(suggested_latency(0), 20'000u);
  EXPECT_EQ(suggested_latency(5'500), 20'000u);
  EXPECT_EQ(suggested_latency(15'400), 25'000u);
  EXPECT_EQ(suggested_latency(24'000), 35'000u);
  EXPECT_EQ(suggested_latency(42'000), 60'000u);
  EXPECT_EQ(suggested_latency(100'000), 150'000u);
}

TEST(Costs, AreMeasured) {
  const MachineCosts costs = measure_costs();
  for (const double cost : {costs.spin_ns, costs.fault_ns, costs.signal_ns, costs.wake_ns,
                            costs.system_call_ns, costs.clock_ns}) {
    EXPECT_GT(cost, 1);
    EXPECT_LT(cost, 1e9);
  }
}

}  // namespace
}  // namespace dime
