// SPDX-License-Identifier: GPL-2.0
#include "report/samples.h"

#include <algorithm>

#include "base/process.h"
#include "base/text.h"
#include "core/atomic.h"
#include "core/histogram.h"
#include "core/member_levels.h"
#include "core/placement.h"

namespace dime {
namespace {

std::uint64_t less(std::uint64_t whole, std::uint64_t part) {
  return whole > part ? whole - part : 0;
}

// What was counted since; a counter that is lower than before has been reset.
std::uint64_t since(std::uint64_t before, std::uint64_t after) {
  return after >= before ? after - before : after;
}

Pages pages_of(const dime_levels& levels) {
  const std::uint64_t local = atomic::load(levels.local_pages);
  return {local, less(atomic::load(levels.managed_pages), local)};
}

Counts counts_of(const dime_counters& counters, std::uint64_t stall_ns, const dime_link& link) {
  Counts counts;
  counts.first_touch = atomic::load(counters.faults_first_touch);
  counts.remote = atomic::load(counters.faults_remote);
  counts.joined = atomic::load(counters.faults_joined);
  counts.evictions_dirty = atomic::load(counters.evictions_dirty);
  counts.evictions = counts.evictions_dirty + atomic::load(counters.evictions_clean) +
                     atomic::load(counters.evictions_unknown);
  counts.prefetch_issued = atomic::load(counters.prefetch_issued);
  counts.prefetch_used =
      atomic::load(counters.prefetch_used) + atomic::load(counters.prefetch_late);
  counts.stall_ns = stall_ns;
  counts.rx_bytes = atomic::load(link.rx.bytes);
  counts.tx_bytes = atomic::load(link.tx.bytes);
  counts.rx_busy_ns = atomic::load(link.rx.busy_ns);
  counts.tx_busy_ns = atomic::load(link.tx.busy_ns);
  return counts;
}

StallBuckets buckets_of(const dime_histogram& stalls) {
  StallBuckets buckets;
  for (unsigned i = 0; i < DIME_HISTOGRAM_BUCKETS; ++i) {
    if (const std::uint64_t count = atomic::load(stalls.buckets[i]); count != 0) {
      buckets.emplace_back(static_cast<std::uint16_t>(i), count);
    }
  }
  return buckets;
}

// DiME's handler thread is no thread of the program.
std::uint64_t threads_of(const dime_control& control) {
  std::uint64_t threads = 0;
  for (const dime_member& member : control.members) {
    if (member_levels::counts(atomic::load_acquire(member.state))) {
      const std::uint64_t all = thread_count(static_cast<pid_t>(atomic::load(member.pid)));
      threads += less(all, atomic::load(member.handler_tid) != 0 ? 1 : 0);
    }
  }
  return threads;
}

bool has_own_link(const dime_tier& tier) {
  return (tier.own & DIME_OWN_BANDWIDTH) != 0 && (tier.own & DIME_OWN_LINK) == 0;
}

constexpr std::uint64_t Counts::*kSums[] = {
    &Counts::first_touch,   &Counts::remote,          &Counts::joined,
    &Counts::evictions,     &Counts::evictions_dirty, &Counts::prefetch_issued,
    &Counts::prefetch_used, &Counts::stall_ns,        &Counts::rx_bytes,
    &Counts::tx_bytes,      &Counts::rx_busy_ns,      &Counts::tx_busy_ns};

// Both are ascending by bucket.
StallBuckets between(const StallBuckets& before, const StallBuckets& after) {
  StallBuckets found;
  auto earlier = before.begin();
  for (const auto& [bucket, count] : after) {
    while (earlier != before.end() && earlier->first < bucket) {
      ++earlier;
    }
    const bool known = earlier != before.end() && earlier->first == bucket;
    if (const std::uint64_t more = since(known ? earlier->second : 0, count); more != 0) {
      found.emplace_back(bucket, more);
    }
  }
  return found;
}

// Of a reading of the whole instance, or of a tier.
template <class ReadingPart>
SamplePart between(const ReadingPart& before, const ReadingPart& after) {
  SamplePart part;
  for (std::uint64_t Counts::*const which : kSums) {
    part.*which = since(before.counts.*which, after.counts.*which);
  }
  part.stalls = between(before.stalls, after.stalls);
  part.pages = after.pages;
  return part;
}

// Both are ascending by bucket.
void add(StallBuckets& sum, const StallBuckets& more) {
  StallBuckets merged;
  auto left = sum.begin();
  for (const auto& [bucket, count] : more) {
    while (left != sum.end() && left->first < bucket) {
      merged.push_back(*left++);
    }
    const bool both = left != sum.end() && left->first == bucket;
    merged.emplace_back(bucket, count + (both ? (left++)->second : 0));
  }
  merged.insert(merged.end(), left, sum.end());
  sum = std::move(merged);
}

void take_off(StallBuckets& whole, const StallBuckets& part) {
  auto at = whole.begin();
  for (const auto& [bucket, count] : part) {
    while (at != whole.end() && at->first < bucket) {
      ++at;
    }
    if (at != whole.end() && at->first == bucket) {
      at->second = less(at->second, count);
    }
  }
  std::erase_if(whole, [](const auto& entry) { return entry.second == 0; });
}

void add(SamplePart& sum, const SamplePart& later) {
  for (std::uint64_t Counts::*const which : kSums) {
    sum.*which += later.*which;
  }
  add(sum.stalls, later.stalls);
  sum.pages = later.pages;
}

// What the other tiers leave of the whole, as in results (report/tiers.cc).
SamplePart default_part(const SamplePart& whole, const std::vector<SamplePart>& others) {
  SamplePart rest = whole;
  rest.name = "default";
  for (const SamplePart& tier : others) {
    for (std::uint64_t Counts::*const which :
         {&Counts::first_touch, &Counts::remote, &Counts::joined, &Counts::evictions,
          &Counts::evictions_dirty, &Counts::prefetch_issued, &Counts::prefetch_used,
          &Counts::stall_ns}) {
      rest.*which = less(rest.*which, tier.*which);
    }
    take_off(rest.stalls, tier.stalls);
    if (tier.own_pages) {
      rest.pages.local = less(rest.pages.local, tier.pages.local);
      rest.pages.remote = less(rest.pages.remote, tier.pages.remote);
    }
  }
  return rest;
}

void add(Sample& sum, const Sample& later) {
  sum.end_ns = later.end_ns;
  sum.wall_ns += later.wall_ns;
  sum.threads = later.threads;
  add(sum.whole, later.whole);
  for (const SamplePart& tier : later.tiers) {
    const auto same = std::find_if(sum.tiers.begin(), sum.tiers.end(),
                                   [&](const SamplePart& part) { return part.name == tier.name; });
    same == sum.tiers.end() ? sum.tiers.push_back(tier) : add(*same, tier);
  }
}

}  // namespace

std::uint64_t SamplePart::stall_quantile(unsigned basis_points) const {
  std::uint64_t total = 0;
  for (const auto& [bucket, count] : stalls) {
    total += count;
  }
  std::uint64_t seen = 0;
  for (const auto& [bucket, count] : stalls) {
    seen += count;
    if (seen * 10'000 >= total * basis_points) {
      const std::uint64_t lower = bucket == 0 ? 0 : histogram::upper_bound(bucket - 1) + 1;
      return lower + (histogram::upper_bound(bucket) - lower) / 2;
    }
  }
  return 0;
}

double Sample::per_second(std::uint64_t count) const {
  return wall_ns == 0 ? 0 : 1e9 * static_cast<double>(count) / static_cast<double>(wall_ns);
}

// A transfer counts as busy when it is reserved, which a queue may put off to the next interval.
double Sample::busy_share(std::uint64_t busy_ns) const {
  return wall_ns == 0 ? 0
                      : std::min(1.0, static_cast<double>(busy_ns) / static_cast<double>(wall_ns));
}

Reading read_counts(const dime_control& control, const dime_link& link, std::uint64_t now_ns) {
  Reading reading;
  reading.at_ns = now_ns;
  reading.threads = threads_of(control);
  reading.counts = counts_of(control.counters, atomic::load(control.stall_ns.sum), link);
  reading.stalls = buckets_of(control.stall_ns);
  reading.pages = pages_of(control.levels);
  for (unsigned tier = 1; tier < DIME_MAX_TIERS; ++tier) {
    const dime_tier& terms = control.placement.tiers[tier];
    const dime_tier_use& use = control.tier_uses[tier];
    // The tier `local` is always there, and mostly empty.
    if (terms.name[0] == '\0' ||
        (tier == DIME_TIER_LOCAL && atomic::load(use.levels.managed_peak) == 0)) {
      continue;
    }
    TierReading seen;
    seen.name = string_of(text_in(terms.name));
    seen.counts = counts_of(use.counters, atomic::load(use.stall_ns.sum), use.link);
    seen.stalls = buckets_of(use.stall_ns);
    seen.own_pages = placement::has_own_set(control.placement, tier);
    seen.own_link = has_own_link(terms);
    if (seen.own_pages) {
      seen.pages = pages_of(use.levels);
      reading.pages.local += seen.pages.local;
      reading.pages.remote += seen.pages.remote;
    }
    reading.tiers.push_back(std::move(seen));
  }
  return reading;
}

Sample sample_between(const Reading& before, const Reading& after) {
  Sample sample;
  sample.wall_ns = less(after.at_ns, before.at_ns);
  sample.threads = after.threads;
  sample.whole = between(before, after);
  const TierReading nothing;
  for (const TierReading& tier : after.tiers) {
    const auto same =
        std::find_if(before.tiers.begin(), before.tiers.end(),
                     [&](const TierReading& earlier) { return earlier.name == tier.name; });
    SamplePart part = between(same == before.tiers.end() ? nothing : *same, tier);
    part.name = tier.name;
    part.own_pages = tier.own_pages;
    part.own_link = tier.own_link;
    sample.tiers.push_back(std::move(part));
  }
  if (!sample.tiers.empty()) {
    sample.tiers.insert(sample.tiers.begin(), default_part(sample.whole, sample.tiers));
  }
  return sample;
}

void SampleSeries::begin(Reading reading) {
  begin_ns_ = reading.at_ns;
  first_stall_ns_ = reading.counts.stall_ns;
  last_ = std::move(reading);
}

void SampleSeries::add(Reading reading) {
  Sample sample = sample_between(last_, reading);
  sample.end_ns = less(reading.at_ns, begin_ns_);
  // Those that were there at the interval's begin, or at its end where that is not known.
  thread_ns_ += sample.wall_ns * (last_.threads != 0 ? last_.threads : reading.threads);
  last_ = std::move(reading);
  if (samples_.size() == most_) {
    halve();
  }
  samples_.push_back(std::move(sample));
}

void SampleSeries::halve() {
  std::vector<Sample> fewer;
  for (std::size_t i = 0; i < samples_.size(); ++i) {
    i % 2 == 0 ? fewer.push_back(std::move(samples_[i])) : dime::add(fewer.back(), samples_[i]);
  }
  samples_ = std::move(fewer);
}

std::uint64_t SampleSeries::thread_ns() const {
  return std::max(thread_ns_, less(last_.at_ns, begin_ns_));
}

}  // namespace dime
