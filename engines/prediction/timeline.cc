// SPDX-License-Identifier: GPL-2.0
#include "engines/prediction/timeline.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "core/transfers.h"

namespace dime::prediction {
namespace {

constexpr double kNanos = 1e9;

// How late each thread is against the recording: what it saved, because its fetches there are not
// made here, and what it lost.
class Threads {
 public:
  explicit Threads(const Program& program) : program_(program), late_(program.threads.size()) {
    for (std::uint32_t i = 0; i < program.threads.size(); ++i) {
      if (program.threads[i].starter != ProgramThread::kNone) {
        starts_.push_back(i);
      }
    }
    std::sort(starts_.begin(), starts_.end(), [&](std::uint32_t a, std::uint32_t b) {
      return program.threads[a].first_step < program.threads[b].first_step;
    });
  }

  /// Threads that begin up to `step` begin as late as who started them is.
  void begin_up_to(std::uint64_t step) {
    for (; next_ < starts_.size() && program_.threads[starts_[next_]].first_step <= step; ++next_) {
      const std::uint32_t thread = starts_[next_];
      late_[thread] = std::max(late_[thread], late_[program_.threads[thread].starter]);
    }
  }
  [[nodiscard]] std::uint64_t& of(std::uint32_t thread) { return late_[thread]; }
  [[nodiscard]] std::uint64_t latest() const {
    return late_.empty() ? 0 : *std::max_element(late_.begin(), late_.end());
  }

 private:
  const Program& program_;
  std::vector<std::uint64_t> late_;
  std::vector<std::uint32_t> starts_;
  std::size_t next_ = 0;
};

// When the pages that were fetched ahead are here.
class Arrivals {
 public:
  void expect(std::uint64_t page, Nanos at) {
    if (page >= at_.size()) {
      at_.resize(page + 1);
    }
    at_[page] = at;
  }
  [[nodiscard]] Nanos of(std::uint64_t page) const {
    return page < at_.size() ? at_[page] : Nanos{};
  }

 private:
  std::vector<Nanos> at_;
};

}  // namespace

Timing time_of(const Program& program, std::span<const simulator::Miss> misses,
               const dime_parameters& parameters) {
  const trace::Info& info = program.meta.info;
  const auto recorded_stall = static_cast<std::uint64_t>(program.stall_ns);
  dime_link wire{};
  Transfers transfers(parameters, {}, nullptr);
  transfers.use_link(0, &wire);
  Threads recorded(program);  // what the recording's fetches took
  Threads predicted(program);
  Timing timing;
  std::uint64_t stalls = 0;
  std::uint64_t step = 0;
  const auto pass = [&](std::uint64_t up_to) {
    for (; step < up_to; ++step) {
      recorded.begin_up_to(step);
      if (program.was_remote[step]) {
        recorded.of(program.thread(step)) += recorded_stall;
      }
    }
  };
  const std::uint64_t remote_known = program.was_remote.size();
  Arrivals arrivals;
  Nanos now{};
  for (const simulator::Miss& miss : misses) {
    if (miss.ahead != 0) {
      arrivals.expect(miss.step, transfers.fetch(0, now, kPageBytes));
      ++timing.fetched_ahead;
      if (miss.evicted != 0 && (parameters.flags & DIME_WRITEBACK) != 0) {
        transfers.write_back(0, now);
        timing.bytes_tx += kPageBytes;
      }
      continue;
    }
    pass(std::min<std::uint64_t>(miss.step, remote_known));
    predicted.begin_up_to(miss.step);
    const bool fetched_then = miss.step < remote_known && program.was_remote[miss.step];
    const std::uint32_t thread = program.thread(miss.step);
    const std::uint64_t late = predicted.of(thread) + program.times[miss.step];
    const std::uint64_t saved = recorded.of(thread);
    now = {late > saved ? late - saved : 0};
    std::uint64_t stall = 0;
    if (miss.used != 0) {
      stall = (later(arrivals.of(program.steps[miss.step]), now) - now).value;
      timing.late += stall != 0 ? 1 : 0;
    } else if (!miss.first_touch || fetched_then) {
      const Nanos fetched = transfers.fetch(0, now, kPageBytes) - now;
      // A fault itself takes time, which counts towards the stall.
      stall = std::max(fetched.value, recorded_stall);
      ++timing.fetches;
    }
    if (miss.evicted != 0 && (parameters.flags & DIME_WRITEBACK) != 0) {
      transfers.write_back(0, now);
      timing.bytes_tx += kPageBytes;
      stall = std::max(stall, (transfers.writeback_stall(0, now) - now).value);
    }
    stall = info.whole(stall);
    predicted.of(thread) += stall;
    stalls += stall;
  }
  pass(remote_known);
  const std::uint64_t native =
      program.wall_ns > recorded.latest() ? program.wall_ns - recorded.latest() : 0;
  const std::uint64_t wall = native + predicted.latest();
  timing.wall_s = static_cast<double>(wall) / kNanos;
  timing.native_s = static_cast<double>(native) / kNanos;
  timing.stall_s = static_cast<double>(stalls) / kNanos;
  timing.fetches = info.whole(timing.fetches);
  timing.fetched_ahead = info.whole(timing.fetched_ahead);
  timing.bytes_rx = (timing.fetches + timing.fetched_ahead) * kPageBytes;
  timing.bytes_tx = info.whole(timing.bytes_tx);
  timing.busy_share =
      wall == 0 ? 0 : static_cast<double>(info.whole(wire.rx.busy_ns)) / static_cast<double>(wall);
  return timing;
}

}  // namespace dime::prediction
