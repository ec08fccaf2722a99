// SPDX-License-Identifier: GPL-2.0
#include "engines/prediction/prediction.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <thread>

#include "engines/simulator/replay.h"
#include "policies/registry.h"

namespace dime::prediction {
namespace {

constexpr std::chrono::milliseconds kLook{100};

struct Task {
  const PolicyChoice* policy;  ///< null for the bound
  const ChosenPrefetcher* prefetcher;
  std::uint64_t size;
  std::size_t point;  ///< where the result goes; the first of its size for the bound
};

/// False without memory.
bool run(const Program& program, const PredictionSetup& setup, const Task& task,
         std::vector<Point>& points) {
  const bool is_bound = task.policy == nullptr;
  simulator::ReplaySetup replay;
  replay.policy = is_bound ? &policies::kOpt : task.policy->policy;
  replay.values = is_bound ? nullptr : task.policy->values;
  const trace::Info& info = program.meta.info;
  // A sample of the pages meets in its part of the room what all of them meet in all of it.
  replay.capacity =
      std::max<std::uint64_t>(std::llround(static_cast<double>(task.size) * info.sample), 1);
  simulator::PrefetchSetup prefetch;
  if (!is_bound && task.prefetcher->prefetches()) {
    prefetch = {task.prefetcher->choice, &program.places, task.prefetcher->tape};
    replay.prefetch = &prefetch;
  }
  std::vector<simulator::Miss> misses;
  const auto replayed =
      simulator::replay(replay, program.steps, program.numbers, is_bound ? nullptr : &misses);
  if (!replayed) {
    return false;
  }
  const simulator::ReplayResult& result = *replayed;
  if (is_bound) {
    for (std::size_t i = task.point; i < points.size(); i += setup.sizes.size()) {
      points[i].opt_misses = info.whole(result.misses);
    }
    return true;
  }
  Point& point = points[task.point];
  point.references = info.whole(result.references);
  point.misses = info.whole(result.misses);
  point.first_touches = info.whole(result.first_touches);
  point.evictions = info.whole(result.evictions);
  point.prefetch = result.prefetch;
  point.timing = time_of(program, misses, setup.parameters, setup.native_ns);
  return true;
}

std::vector<Point> empty_points(const Program& program, const PredictionSetup& setup) {
  const bool is_faults = program.meta.info.source == trace::Source::kFaults;
  std::vector<Point> points;
  for (const ChosenPolicy& policy : setup.policies) {
    const bool works = !is_faults || works_from_faults(*policy.choice.policy);
    for (const ChosenPrefetcher& prefetcher : setup.prefetchers) {
      for (const std::uint64_t size : setup.sizes) {
        Point point;
        point.policy = &policy;
        point.prefetcher = &prefetcher;
        point.local_pages = size;
        point.good = works && size >= program.good_from;
        points.push_back(point);
      }
    }
  }
  return points;
}

}  // namespace

bool works_from_faults(const dime_policy_ops& policy) {
  constexpr const dime_policy_ops* kWorking[] = {
      &policies::kFifo, &policies::kRandom, &policies::kLru, &policies::kClock, &policies::kOpt};
  return std::find(std::begin(kWorking), std::end(kWorking), &policy) != std::end(kWorking);
}

Result<std::vector<Point>> predict(const Program& program, const PredictionSetup& setup) {
  std::vector<Point> points = empty_points(program, setup);
  std::vector<Task> tasks;
  for (std::size_t i = 0; i < setup.sizes.size(); ++i) {
    tasks.push_back({nullptr, nullptr, setup.sizes[i], i});
  }
  for (std::size_t i = 0; i < points.size(); ++i) {
    tasks.push_back({&points[i].policy->choice, points[i].prefetcher, points[i].local_pages, i});
  }
  std::atomic<std::size_t> next{0};
  std::atomic<std::size_t> done{0};
  std::atomic<bool> failed{false};
  const auto work = [&] {
    for (std::size_t i = next++; i < tasks.size(); i = next++) {
      if (!run(program, setup, tasks[i], points)) {
        failed = true;
      }
      ++done;
    }
  };
  {
    std::vector<std::jthread> workers;
    for (unsigned i = 0; i < setup.workers; ++i) {
      workers.emplace_back(work);
    }
    while (setup.progress && done < tasks.size()) {
      setup.progress(static_cast<double>(done) / static_cast<double>(tasks.size()));
      std::this_thread::sleep_for(kLook);
    }
  }
  if (failed) {
    return fail(0, "out of memory while replaying; allow fewer at a time: --jobs 1");
  }
  return points;
}

}  // namespace dime::prediction
