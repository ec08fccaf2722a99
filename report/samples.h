// SPDX-License-Identifier: GPL-2.0
// Time series: what an instance did in each interval.
//
// The engine only counts, as it does anyhow. Whoever follows an instance (dime run, attach, status,
// top) reads its counters from time to time; a sample is the difference of two readings. So samples
// cost the emulated program nothing (docs/adr/0078).
//
//   SampleSeries series(kMostSamples);
//   series.begin(read_counts(control, link, now));
//   ... at each interval: series.add(read_counts(control, link, now));
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "dime/abi.h"

namespace dime {

/// What is counted of an instance or of one of its tiers: up to a moment, or in an interval.
struct Counts {
  std::uint64_t first_touch = 0;
  std::uint64_t remote = 0;
  std::uint64_t joined = 0;
  std::uint64_t evictions = 0;
  std::uint64_t evictions_dirty = 0;
  std::uint64_t prefetch_issued = 0;
  std::uint64_t prefetch_used = 0;  ///< touched before they were evicted, late ones among them
  std::uint64_t stall_ns = 0;       ///< sum over the threads, of stalls that have ended
  std::uint64_t rx_bytes = 0;
  std::uint64_t tx_bytes = 0;
  std::uint64_t rx_busy_ns = 0;
  std::uint64_t tx_busy_ns = 0;
};

/// Pages at a moment.
struct Pages {
  std::uint64_t local = 0;
  std::uint64_t remote = 0;
};

/// Numbers of stalls by bucket of the histogram, ascending; only buckets that are not empty.
using StallBuckets = std::vector<std::pair<std::uint16_t, std::uint64_t>>;

struct TierReading {
  std::string name;
  Counts counts;
  StallBuckets stalls;
  Pages pages;
  bool own_pages = false;  ///< it has a limit of its own, and `pages` are its
  bool own_link = false;   ///< it has a wire of its own, and the link's figures are its
};

struct Reading {
  std::uint64_t at_ns = 0;    ///< CLOCK_MONOTONIC
  std::uint64_t threads = 0;  ///< of the members, without DiME's own; 0 = not known
  Counts counts;
  StallBuckets stalls;
  Pages pages;                     ///< of all local sets together
  std::vector<TierReading> tiers;  ///< besides `default`; mostly none
};

/// What one tier, or the whole instance, did in an interval. Pages are those at its end.
struct SamplePart : Counts {
  std::string name;  ///< "" = the whole instance
  StallBuckets stalls;
  Pages pages;
  bool own_pages = true;
  bool own_link = true;

  /// The stall below which `basis_points` / 10,000 of the interval's lie, ns; 0 without stalls.
  [[nodiscard]] std::uint64_t stall_quantile(unsigned basis_points) const;
  [[nodiscard]] std::uint64_t stall_p50() const { return stall_quantile(5'000); }
  [[nodiscard]] std::uint64_t stall_p99() const { return stall_quantile(9'900); }
};

struct Sample {
  std::uint64_t end_ns = 0;  ///< after the series began
  std::uint64_t wall_ns = 0;
  std::uint64_t threads = 0;
  SamplePart whole;
  std::vector<SamplePart> tiers;  ///< with `default` in front, where there are others

  /// So many in the interval are so many a second.
  [[nodiscard]] double per_second(std::uint64_t count) const;
  /// Share of the interval that a link's direction was busy, 0 to 1.
  [[nodiscard]] double busy_share(std::uint64_t busy_ns) const;
};

/// Reads the counters. Other processes may be counting: numbers may be a few faults apart.
Reading read_counts(const dime_control& control, const dime_link& link, std::uint64_t now_ns);

/// The difference of two readings of one instance. What was reset in between counts from zero.
Sample sample_between(const Reading& before, const Reading& after);

/// A series of bounded size. Where a sample would be one too many, each two neighbours become one.
class SampleSeries {
 public:
  /// REQUIRES: most >= 2.
  explicit SampleSeries(std::size_t most) : most_(most) {}

  /// What was counted before is in no sample.
  void begin(Reading reading);
  void add(Reading reading);

  [[nodiscard]] const std::vector<Sample>& samples() const { return samples_; }
  /// How long the threads lived together, ns, as far as readings saw them. At least the time of one
  /// thread.
  [[nodiscard]] std::uint64_t thread_ns() const;
  /// How long they were in stalls, of that.
  [[nodiscard]] std::uint64_t stall_ns() const {
    return last_.counts.stall_ns > first_stall_ns_ ? last_.counts.stall_ns - first_stall_ns_ : 0;
  }

 private:
  void halve();

  std::size_t most_;
  std::vector<Sample> samples_;
  Reading last_;
  std::uint64_t begin_ns_ = 0;
  std::uint64_t first_stall_ns_ = 0;
  std::uint64_t thread_ns_ = 0;
};

}  // namespace dime
