// SPDX-License-Identifier: GPL-2.0
#include "core/histogram.h"

#include "core/atomic.h"

namespace dime::histogram {

unsigned bucket_of(std::uint64_t value) {
  if (value < kSubBuckets) {
    return static_cast<unsigned>(value);
  }
  const unsigned exponent = 63u - static_cast<unsigned>(__builtin_clzll(value));
  const unsigned shift = exponent - kSubBucketBits;
  const std::uint64_t index = (static_cast<std::uint64_t>(shift) + 1) * kSubBuckets +
                              ((value >> shift) & (kSubBuckets - 1));
  return index < DIME_HISTOGRAM_BUCKETS ? static_cast<unsigned>(index) : DIME_HISTOGRAM_BUCKETS - 1;
}

std::uint64_t upper_bound(unsigned index) {
  if (index < kSubBuckets) {
    return index;
  }
  const std::uint64_t shift = index / kSubBuckets - 1;
  const std::uint64_t offset = index % kSubBuckets;
  return ((kSubBuckets + offset + 1) << shift) - 1;
}

void add(dime_histogram& histogram, Nanos value) {
  atomic::add(histogram.buckets[bucket_of(value.value)], std::uint64_t{1});
  atomic::add(histogram.count, std::uint64_t{1});
  atomic::add(histogram.sum, value.value);
  atomic::raise(histogram.max, value.value);
}

Nanos quantile(const dime_histogram& histogram, unsigned basis_points) {
  // The sum of the buckets, not `count`: other processes may be adding meanwhile.
  std::uint64_t total = 0;
  for (const std::uint64_t& bucket : histogram.buckets) {
    total += atomic::load(bucket);
  }
  if (total == 0) {
    return {};
  }
  const std::uint64_t max = atomic::load(histogram.max);
  const std::uint64_t rank = (total * basis_points + 9'999) / 10'000;
  std::uint64_t seen = 0;
  for (unsigned i = 0; i < DIME_HISTOGRAM_BUCKETS; ++i) {
    seen += atomic::load(histogram.buckets[i]);
    if (seen >= rank && seen > 0) {
      const std::uint64_t lower = i == 0 ? 0 : upper_bound(i - 1) + 1;
      const std::uint64_t middle = lower + (upper_bound(i) - lower) / 2;
      return {middle < max ? middle : max};
    }
  }
  return {max};
}

Nanos mean(const dime_histogram& histogram) {
  const std::uint64_t count = atomic::load(histogram.count);
  return {count == 0 ? 0 : atomic::load(histogram.sum) / count};
}

}  // namespace dime::histogram
