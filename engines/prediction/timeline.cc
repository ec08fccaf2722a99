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

// What faults take of their threads.
struct FaultCosts {
  std::uint64_t recorded = 0;     ///< a fetch in the recording, all in all
  std::uint64_t fetch = 0;        ///< of it, beyond the stall
  std::uint64_t first_touch = 0;  ///< beyond what it takes natively
};

// Of threads that fault side by side, those of the one that fetches most count.
FaultCosts costs_of(const Program& program, std::uint64_t native_ns) {
  const auto stall = static_cast<std::uint64_t>(program.stall_ns);
  FaultCosts costs{stall, 0, 0};
  if (native_ns == 0) {
    return costs;
  }
  std::vector<std::uint64_t> by_thread(program.threads.size());
  std::uint64_t all = 0;
  for (std::uint64_t step = 0; step < program.was_remote.size(); ++step) {
    // A thread that only gives memory back is not among the threads.
    if (program.was_remote[step]) {
      ++by_thread[program.thread(step)];
      ++all;
    }
  }
  const std::uint64_t fetches = *std::max_element(by_thread.begin(), by_thread.end());
  const std::uint64_t firsts = all == 0 ? program.numbers : program.numbers * fetches / all;
  const std::uint64_t emulated = program.wall_ns > native_ns ? program.wall_ns - native_ns : 0;
  costs.first_touch =
      std::min(program.meta.end.floor_ns, emulated / std::max<std::uint64_t>(firsts, 1));
  // Of a sample, most first touches are of other pages; and threads that fetch side by side wait
  // for each other, far more often than with a larger limit.
  if (program.meta.info.sample == 1 && fetches != 0 && fetches == all) {
    costs.recorded = (emulated - firsts * costs.first_touch) / fetches;
    costs.fetch = costs.recorded > stall ? costs.recorded - stall : 0;
  }
  return costs;
}

// The time that the recording spent in its fetches.
class RecordedFetches {
 public:
  RecordedFetches(const Program& program, std::uint64_t cost)
      : program_(program),
        cost_(cost),
        all_(program),
        ended_(program),
        begun_(program.threads.size()) {}

  void pass(std::uint64_t up_to) {
    for (; step_ < up_to; ++step_) {
      all_.begin_up_to(step_);
      ended_.begin_up_to(step_);
      if (program_.was_remote[step_]) {
        const std::uint32_t thread = program_.thread(step_);
        const std::uint64_t time = program_.times[step_];
        ended_.of(thread) += under_way(thread, time);
        begun_[thread] = time;
        all_.of(thread) += cost_;
      }
    }
  }

  /// Of a thread up to `time`. A fetch takes no longer than until the thread's next one, however
  /// long they take on average: otherwise time would stand still where they are shorter.
  [[nodiscard]] std::uint64_t up_to(std::uint32_t thread, std::uint64_t time) {
    return ended_.of(thread) + under_way(thread, time);
  }
  /// Of the thread that spent most.
  [[nodiscard]] std::uint64_t longest() const { return all_.latest(); }

 private:
  [[nodiscard]] std::uint64_t under_way(std::uint32_t thread, std::uint64_t time) const {
    const std::uint64_t begun = begun_[thread];
    return begun == 0 || time < begun ? 0 : std::min(cost_, time - begun);
  }

  const Program& program_;
  std::uint64_t cost_;
  Threads all_;
  Threads ended_;                     ///< but the last fetch of each
  std::vector<std::uint64_t> begun_;  ///< when a thread's last one began; 0 = none yet
  std::uint64_t step_ = 0;
};

}  // namespace

Timing time_of(const Program& program, std::span<const simulator::Miss> misses,
               const dime_parameters& parameters, std::uint64_t native_ns) {
  const trace::Info& info = program.meta.info;
  const auto recorded_stall = static_cast<std::uint64_t>(program.stall_ns);
  const FaultCosts costs = costs_of(program, native_ns);
  dime_link wire{};
  Transfers transfers(parameters, {}, nullptr);
  transfers.use_link(0, &wire);
  RecordedFetches recorded(program, costs.recorded);
  Threads predicted(program);
  Timing timing;
  std::uint64_t stalls = 0;
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
    recorded.pass(std::min<std::uint64_t>(miss.step, remote_known));
    predicted.begin_up_to(miss.step);
    const bool fetched_then = miss.step < remote_known && program.was_remote[miss.step];
    const std::uint32_t thread = program.thread(miss.step);
    const std::uint64_t late = predicted.of(thread) + program.times[miss.step];
    const std::uint64_t saved = recorded.up_to(thread, program.times[miss.step]);
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
    const bool fetches = !miss.first_touch || fetched_then;
    predicted.of(thread) += stall + info.whole(fetches ? costs.fetch : costs.first_touch);
    stalls += stall;
  }
  recorded.pass(remote_known);
  const std::uint64_t rest =
      program.wall_ns > recorded.longest() ? program.wall_ns - recorded.longest() : 0;
  const std::uint64_t native = native_ns != 0 ? native_ns : rest;
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
