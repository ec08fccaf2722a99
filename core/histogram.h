// SPDX-License-Identifier: GPL-2.0
// Log-linear histogram of times, error at most 1 %.
//
// Values below 128 have a bucket each. Above, every power of two is cut into 128 buckets of equal
// width, so a bucket is at most 1/128 of its lower end wide and its midpoint is within 0.4 % of
// every value in it. 3,840 buckets reach 2^36 ns (68 s); longer times count in the last one, and
// `max` keeps the exact maximum. The idea is that of fio's latency statistics (stat.h); 30 KiB an
// instance. Adding is lock-free and may be done by several processes at once.
#pragma once

#include "core/units.h"

namespace dime::histogram {

inline constexpr unsigned kSubBucketBits = 7;
inline constexpr std::uint64_t kSubBuckets = 1u << kSubBucketBits;

/// The bucket that counts `value`.
unsigned bucket_of(std::uint64_t value);

/// The largest value that bucket `index` counts (for the last bucket: that it would count without
/// the cut-off).
std::uint64_t upper_bound(unsigned index);

/// Counts one value.
void add(dime_histogram& histogram, Nanos value);

/// The value below which `basis_points` / 10,000 of the counted values lie (5,000 = median, 9,900 =
/// p99), to within the error of a bucket; never above the maximum; 0 when nothing was counted.
Nanos quantile(const dime_histogram& histogram, unsigned basis_points);

/// Mean of the exact values; 0 when nothing was counted.
Nanos mean(const dime_histogram& histogram);

}  // namespace dime::histogram
