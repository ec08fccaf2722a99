// SPDX-License-Identifier: GPL-2.0
#include "cli/sampler.h"

#include <algorithm>

#include "core/quantity.h"

namespace dime {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Some 150 KB of JSON. A longer series gets longer intervals.
constexpr std::size_t kMostSamples = 512;
// Members that were killed are looked for at least this often.
constexpr milliseconds kMostPeriod{200};
constexpr milliseconds kLeastInterval{10};
constexpr milliseconds kMostInterval{3'600'000};

milliseconds period_for(milliseconds interval) {
  const auto parts = (interval + kMostPeriod - milliseconds(1)) / kMostPeriod;
  return interval / parts;
}

}  // namespace

Result<milliseconds> parse_interval(const std::string& text) {
  const auto parsed = parse_duration(text);
  const auto interval = milliseconds(parsed.value.value / 1'000'000);
  if (!parsed.ok() || interval < kLeastInterval || interval > kMostInterval) {
    return fail(0, "--interval {}: allowed: 10ms to 3600s", text);
  }
  return interval;
}

Sampler::Sampler(Session& session, milliseconds interval)
    : session_(session),
      interval_(interval),
      period_(period_for(interval)),
      due_(steady_clock::now() + interval),
      series_(kMostSamples) {
  if (auto reading = session_.reading()) {
    series_.begin(std::move(*reading));
    begun_ = true;
  }
}

void Sampler::tick() {
  const auto now = steady_clock::now();
  // Signals wake the waiter between two periods.
  if (!begun_ || now + period_ / 2 < due_) {
    return;
  }
  due_ = std::max(due_ + interval_, now);
  if (auto reading = session_.reading()) {
    series_.add(std::move(*reading));
  }
}

void Sampler::finish(RunResult& result) {
  if (!begun_) {
    return;
  }
  if (auto reading = session_.reading()) {
    series_.add(std::move(*reading));
  }
  result.samples = series_.samples();
  result.stall_ns = series_.stall_ns();
  result.thread_ns = series_.thread_ns();
}

}  // namespace dime
