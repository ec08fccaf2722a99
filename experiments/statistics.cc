// SPDX-License-Identifier: GPL-2.0
#include "experiments/statistics.h"

#include <algorithm>
#include <cmath>

namespace dime::experiments {

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 != 0 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

double coverage_of_ranks(std::size_t count, std::size_t rank) {
  const auto n = static_cast<double>(count);
  double term = std::exp2(-n);  // of no head at all
  double tail = 0;
  for (std::size_t heads = 0; heads < rank; ++heads) {
    tail += term;
    const auto i = static_cast<double>(heads);
    term *= (n - i) / (i + 1);
  }
  return std::max(0.0, 1 - 2 * tail);
}

Interval median_interval(std::vector<double> values, double confidence) {
  std::sort(values.begin(), values.end());
  const std::size_t count = values.size();
  std::size_t rank = 1;
  while (rank + 1 <= (count + 1) / 2 && coverage_of_ranks(count, rank + 1) >= confidence) {
    ++rank;
  }
  return {values[rank - 1], values[count - rank], coverage_of_ranks(count, rank)};
}

double relative_error(double median, const Interval& interval) {
  if (median <= 0) {
    return 0;
  }
  return std::max(interval.high - median, median - interval.low) / median;
}

}  // namespace dime::experiments
