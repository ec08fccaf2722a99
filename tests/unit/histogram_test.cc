// SPDX-License-Identifier: GPL-2.0
#include "core/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <random>
#include <thread>
#include <vector>

namespace dime {
namespace {

constexpr std::uint64_t kReach = 1ull << 36;

TEST(HistogramBuckets, FollowEachOtherWithoutGaps) {
  for (unsigned i = 1; i < DIME_HISTOGRAM_BUCKETS; ++i) {
    const std::uint64_t first = histogram::upper_bound(i - 1) + 1;
    ASSERT_EQ(histogram::bucket_of(first), i);
    ASSERT_EQ(histogram::bucket_of(histogram::upper_bound(i)), i);
  }
  EXPECT_EQ(histogram::upper_bound(DIME_HISTOGRAM_BUCKETS - 1), kReach - 1);
}

TEST(HistogramBuckets, MidpointIsWithinHalfAPerCent) {
  for (unsigned i = 1; i < DIME_HISTOGRAM_BUCKETS; ++i) {
    const std::uint64_t first = histogram::upper_bound(i - 1) + 1;
    const std::uint64_t last = histogram::upper_bound(i);
    ASSERT_LE(static_cast<double>(last - first) / 2, 0.005 * static_cast<double>(first)) << i;
  }
}

TEST(HistogramBuckets, TheLastTakesEverythingLonger) {
  for (const std::uint64_t value : {kReach, kReach * 2, UINT64_MAX}) {
    EXPECT_EQ(histogram::bucket_of(value), DIME_HISTOGRAM_BUCKETS - 1u);
  }
}

class HistogramTest : public testing::Test {
 protected:
  void add(std::uint64_t value) { histogram::add(*histogram_, {value}); }
  [[nodiscard]] std::uint64_t quantile(unsigned basis_points) const {
    return histogram::quantile(*histogram_, basis_points).value;
  }
  std::unique_ptr<dime_histogram> histogram_ = std::make_unique<dime_histogram>();
};

TEST_F(HistogramTest, EmptyIsZero) {
  EXPECT_EQ(quantile(5'000), 0u);
  EXPECT_EQ(histogram::mean(*histogram_), Nanos{0});
}

TEST_F(HistogramTest, OneValueIsEveryQuantile) {
  add(20'000);
  for (const unsigned basis_points : {0u, 1u, 5'000u, 9'900u, 10'000u}) {
    EXPECT_NEAR(static_cast<double>(quantile(basis_points)), 20'000, 100);
    EXPECT_LE(quantile(basis_points), 20'000u);
  }
  EXPECT_EQ(histogram::mean(*histogram_), Nanos{20'000});
  EXPECT_EQ(histogram_->max, 20'000u);
}

TEST_F(HistogramTest, SmallValuesAreExact) {
  for (std::uint64_t value = 1; value <= 100; ++value) {
    add(value);
  }
  EXPECT_EQ(quantile(5'000), 50u);
  EXPECT_EQ(quantile(9'900), 99u);
  EXPECT_EQ(quantile(10'000), 100u);
}

TEST_F(HistogramTest, LongestTimeIsKept) {
  add(1'000);
  add(100'000'000'000);  // beyond the buckets
  EXPECT_EQ(histogram_->max, 100'000'000'000u);
  EXPECT_LE(quantile(10'000), 100'000'000'000u);
  EXPECT_GE(quantile(10'000), kReach / 2);
}

/// Quantiles of `values` against those of the sorted values themselves.
void expect_within_one_per_cent(const dime_histogram& histogram,
                                std::vector<std::uint64_t> values) {
  std::sort(values.begin(), values.end());
  for (const unsigned basis_points : {100u, 1'000u, 5'000u, 9'000u, 9'900u, 9'990u, 10'000u}) {
    const std::size_t rank = (values.size() * basis_points + 9'999) / 10'000;
    const auto exact = static_cast<double>(values[rank - 1]);
    EXPECT_NEAR(static_cast<double>(histogram::quantile(histogram, basis_points).value), exact,
                0.01 * exact)
        << basis_points;
  }
}

std::vector<std::uint64_t> log_normal(double median_ns, unsigned seed) {
  std::mt19937_64 random(seed);
  std::lognormal_distribution<double> distribution(std::log(median_ns), 1.0);
  std::vector<std::uint64_t> values;
  for (unsigned i = 0; i < 100'000; ++i) {
    values.push_back(static_cast<std::uint64_t>(distribution(random)) + 1);
  }
  return values;
}

TEST_F(HistogramTest, QuantilesAreWithinOnePerCent) {
  for (const double median : {300.0, 20e3, 5e6}) {
    *histogram_ = {};
    const std::vector<std::uint64_t> values = log_normal(median, 1);
    for (const std::uint64_t value : values) {
      add(value);
    }
    expect_within_one_per_cent(*histogram_, values);
  }
}

TEST_F(HistogramTest, SumOfTwoIsTheHistogramOfBoth) {
  std::vector<std::uint64_t> both = log_normal(2e3, 1);
  const std::vector<std::uint64_t> other = log_normal(90e3, 2);
  const auto second = std::make_unique<dime_histogram>();
  for (const std::uint64_t value : both) {
    add(value);
  }
  for (const std::uint64_t value : other) {
    histogram::add(*second, {value});
  }
  both.insert(both.end(), other.begin(), other.end());
  histogram_->count += second->count;
  histogram_->sum += second->sum;
  histogram_->max = std::max(histogram_->max, second->max);
  for (unsigned i = 0; i < DIME_HISTOGRAM_BUCKETS; ++i) {
    histogram_->buckets[i] += second->buckets[i];
  }
  expect_within_one_per_cent(*histogram_, both);
}

TEST_F(HistogramTest, ThreadsLoseNothing) {
  constexpr unsigned kThreads = 4;
  constexpr std::uint64_t kValues = 50'000;
  std::vector<std::thread> threads;
  for (unsigned k = 0; k < kThreads; ++k) {
    threads.emplace_back([this, k] {
      for (std::uint64_t i = 0; i < kValues; ++i) {
        add(1'000 + i % 10 * 100 + k);
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(histogram_->count, kThreads * kValues);
  std::uint64_t total = 0;
  for (const std::uint64_t bucket : histogram_->buckets) {
    total += bucket;
  }
  EXPECT_EQ(total, kThreads * kValues);
  EXPECT_EQ(histogram_->sum, kThreads * kValues * 1'450 + kValues * (0 + 1 + 2 + 3));
  EXPECT_EQ(histogram_->max, 1'903u);
}

}  // namespace
}  // namespace dime
