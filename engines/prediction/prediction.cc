// SPDX-License-Identifier: GPL-2.0
#include "engines/prediction/prediction.h"

#include <atomic>
#include <chrono>
#include <thread>

#include "engines/prediction/replay.h"

namespace dime::prediction {
namespace {

constexpr std::chrono::milliseconds kLook{100};

struct Task {
  const ReplayPolicy* policy;
  std::uint64_t size;
  std::size_t point;  ///< where the result goes; the first of its size for the bound
  bool is_bound;
};

void run(const Program& program, const PredictionSetup& setup, const Task& task,
         std::vector<Point>& points) {
  std::vector<Miss> misses;
  const ReplayResult result = task.policy->run(
      {program.steps, program.numbers, task.size, task.is_bound ? nullptr : &misses});
  if (task.is_bound) {
    for (std::size_t i = task.point; i < points.size(); i += setup.sizes.size()) {
      points[i].opt_misses = result.misses;
    }
    return;
  }
  Point& point = points[task.point];
  point.references = result.references;
  point.misses = result.misses;
  point.first_touches = result.first_touches;
  point.evictions = result.evictions;
  point.timing = time_of(program, misses, setup.parameters);
}

std::vector<Point> empty_points(const Program& program, const PredictionSetup& setup) {
  std::vector<Point> points;
  for (const ReplayPolicy* const policy : setup.policies) {
    for (const std::uint64_t size : setup.sizes) {
      Point point;
      point.policy = policy;
      point.local_pages = size;
      point.good = size >= program.good_from;
      points.push_back(point);
    }
  }
  return points;
}

}  // namespace

std::vector<Point> predict(const Program& program, const PredictionSetup& setup) {
  std::vector<Point> points = empty_points(program, setup);
  std::vector<Task> tasks;
  for (std::size_t i = 0; i < setup.sizes.size(); ++i) {
    tasks.push_back({&kOpt, setup.sizes[i], i, true});
  }
  for (std::size_t i = 0; i < points.size(); ++i) {
    tasks.push_back({points[i].policy, points[i].local_pages, i, false});
  }
  std::atomic<std::size_t> next{0};
  std::atomic<std::size_t> done{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < tasks.size(); i = next++) {
      run(program, setup, tasks[i], points);
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
  return points;
}

}  // namespace dime::prediction
