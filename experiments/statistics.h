// SPDX-License-Identifier: GPL-2.0
// Medians of few runs, and how well they are known.
//
// The interval is that of order statistics (David and Nagaraja, Order Statistics, 7.1): it assumes
// that the runs are independent and nothing about how their times are distributed. With n runs, the
// median lies between the k-th smallest and the k-th largest with a probability that only n and k
// decide, that of a fair coin to show heads between k and n - k times.
#pragma once

#include <cstddef>
#include <vector>

namespace dime::experiments {

/// Between `low` and `high` lies the median with probability `coverage`.
struct Interval {
  double low = 0;
  double high = 0;
  double coverage = 0;
};

inline constexpr double kConfidence = 0.95;

/// The fewest runs whose interval reaches kConfidence.
inline constexpr std::size_t kFewestForInterval = 6;

/// REQUIRES: not empty.
double median(std::vector<double> values);

/// Probability that the median lies between the `rank`-th smallest and the `rank`-th largest of
/// `count` values. REQUIRES: 1 <= rank <= (count + 1) / 2, count <= 1000.
double coverage_of_ranks(std::size_t count, std::size_t rank);

/// The narrowest such interval with a coverage of at least `confidence`; the whole range, with the
/// coverage that it has, where there are too few values. REQUIRES: 1 to 1000 values.
Interval median_interval(std::vector<double> values, double confidence = kConfidence);

/// The larger distance from the median to an end of the interval, as a share of the median.
double relative_error(double median, const Interval& interval);

}  // namespace dime::experiments
