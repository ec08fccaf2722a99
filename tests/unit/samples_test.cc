// SPDX-License-Identifier: GPL-2.0
// Samples are differences of readings: counts, quantiles, tiers, and series that become too long.
#include "report/samples.h"

#include <gtest/gtest.h>

#include <memory>
#include <string_view>

#include "core/histogram.h"
#include "report/json.h"

namespace dime {
namespace {

constexpr std::uint64_t kMillisecond = 1'000'000;

class Samples : public testing::Test {
 protected:
  Samples() : control_(std::make_unique<dime_control>()) {}

  void stall(unsigned times, std::uint64_t ns) {
    control_->counters.faults_remote += times;
    for (unsigned i = 0; i < times; ++i) {
      histogram::add(control_->stall_ns, {ns});
    }
  }

  [[nodiscard]] Reading read(std::uint64_t at_ns) const {
    return read_counts(*control_, control_->link, at_ns);
  }

  std::unique_ptr<dime_control> control_;
};

TEST_F(Samples, CountWhatHappenedInTheInterval) {
  stall(1'000, 500'000);
  const Reading before = read(0);
  stall(98, 20'000);
  stall(2, 100'000);
  control_->counters.evictions_clean = 3;
  control_->counters.evictions_dirty = 4;
  control_->levels.local_pages = 10;
  control_->levels.managed_pages = 25;
  control_->link.rx.bytes = 4'096;
  control_->link.rx.busy_ns = 25 * kMillisecond;
  const Sample sample = sample_between(before, read(100 * kMillisecond));
  EXPECT_EQ(sample.whole.remote, 100u);
  EXPECT_EQ(sample.whole.evictions, 7u);
  EXPECT_EQ(sample.whole.evictions_dirty, 4u);
  EXPECT_EQ(sample.whole.stall_ns, 98u * 20'000 + 2u * 100'000);
  EXPECT_NEAR(static_cast<double>(sample.whole.stall_quantile(5'000)), 20'000, 200);
  EXPECT_NEAR(static_cast<double>(sample.whole.stall_quantile(9'900)), 100'000, 1'000);
  EXPECT_EQ(sample.whole.pages.local, 10u);
  EXPECT_EQ(sample.whole.pages.remote, 15u);
  EXPECT_EQ(sample.whole.rx_bytes, 4'096u);
  EXPECT_DOUBLE_EQ(sample.busy_share(sample.whole.rx_busy_ns), 0.25);
}

TEST_F(Samples, AnIntervalWithoutStallsHasNoQuantile) {
  stall(5, 20'000);
  const Sample sample = sample_between(read(0), read(kMillisecond));
  EXPECT_EQ(sample.whole.stall_quantile(5'000), 0u);
  EXPECT_TRUE(to_json(sample)["stall_p50_ns"].is_null());
}

TEST_F(Samples, CountersThatWereResetCountFromZero) {
  stall(50, 20'000);
  const Reading before = read(0);
  control_->counters.faults_remote = 8;
  EXPECT_EQ(sample_between(before, read(1)).whole.remote, 8u);
}

TEST_F(Samples, DefaultIsWhatTheOtherTiersLeave) {
  dime_tier& far = control_->placement.tiers[1];
  std::string_view("far").copy(far.name, sizeof far.name - 1);
  far.own = DIME_OWN_LOCAL;
  control_->levels.local_pages = 100;
  control_->levels.managed_pages = 100;
  control_->tier_uses[1].levels.local_pages = 20;
  control_->tier_uses[1].levels.managed_pages = 50;
  const Reading before = read(0);
  stall(10, 10'000);
  stall(30, 60'000);
  control_->tier_uses[1].counters.faults_remote = 30;
  for (int i = 0; i < 30; ++i) {
    histogram::add(control_->tier_uses[1].stall_ns, {60'000});
  }
  const Sample sample = sample_between(before, read(kMillisecond));
  ASSERT_EQ(sample.tiers.size(), 2u);
  EXPECT_EQ(sample.tiers[0].name, "default");
  EXPECT_EQ(sample.tiers[0].remote, 10u);
  EXPECT_NEAR(static_cast<double>(sample.tiers[0].stall_quantile(9'900)), 10'000, 100);
  EXPECT_EQ(sample.tiers[0].pages.local, 100u);
  EXPECT_EQ(sample.tiers[1].remote, 30u);
  EXPECT_EQ(sample.tiers[1].pages.remote, 30u);
  EXPECT_EQ(sample.whole.pages.local, 120u);
  EXPECT_EQ(to_json(sample)["tiers"][1]["name"], "far");
  EXPECT_TRUE(to_json(sample)["tiers"][1]["rx_bytes"].is_null());
}

TEST_F(Samples, ASeriesThatIsFullGetsLongerIntervalsAndLosesNothing) {
  stall(3, 20'000);
  SampleSeries series(4);
  series.begin(read(0));
  for (unsigned i = 1; i <= 21; ++i) {
    stall(i, 20'000);
    series.add(read(i * kMillisecond));
  }
  EXPECT_LE(series.samples().size(), 4u);
  std::uint64_t remote = 0;
  std::uint64_t wall_ns = 0;
  std::uint64_t stalls = 0;
  for (const Sample& sample : series.samples()) {
    remote += sample.whole.remote;
    wall_ns += sample.wall_ns;
    for (const auto& [bucket, count] : sample.whole.stalls) {
      stalls += count;
    }
    EXPECT_EQ(sample.end_ns, wall_ns);
  }
  EXPECT_EQ(remote, 231u);
  EXPECT_EQ(stalls, 231u);
  EXPECT_EQ(wall_ns, 21 * kMillisecond);
  EXPECT_EQ(series.stall_ns(), 231u * 20'000);
}

TEST_F(Samples, ThreadTimeIsThatOfTheThreadsSeen) {
  Reading reading = read(0);
  SampleSeries series(4);
  reading.threads = 3;
  series.begin(reading);
  reading.at_ns = 10;
  reading.threads = 0;
  series.add(reading);
  EXPECT_EQ(series.thread_ns(), 30u);
}

TEST_F(Samples, ThreadTimeIsAtLeastThatOfOneThread) {
  SampleSeries series(4);
  series.begin(read(5));
  series.add(read(25));
  EXPECT_EQ(series.thread_ns(), 20u);
}

}  // namespace
}  // namespace dime
