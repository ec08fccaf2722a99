// SPDX-License-Identifier: GPL-2.0
// dime calibrate: asks for some stalls and prints what a program saw, and, to tell DiME's part from
// the machine's, how long a program takes that only watches the clock for that time.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <memory>
#include <numeric>

#include "cli/command.h"
#include "cli/fault_path.h"
#include "cli/instance_setup.h"

namespace dime {
namespace {

constexpr std::uint64_t kTargets[] = {10'000, 20'000, 50'000, 100'000};
constexpr unsigned kSamples = 4'000;
constexpr std::uint64_t kMostNs = 500'000'000;

double microseconds(std::uint64_t nanos) {
  return static_cast<double>(nanos) / 1e3;
}

std::uint64_t mean_of(const std::vector<std::uint64_t>& values) {
  return std::accumulate(values.begin(), values.end(), std::uint64_t{0}) / values.size();
}

std::vector<std::uint64_t> watch_the_clock(std::chrono::nanoseconds time) {
  using Clock = std::chrono::steady_clock;
  std::vector<std::uint64_t> took;
  for (const Clock::time_point end = Clock::now() + std::chrono::nanoseconds(kMostNs);
       took.size() < kSamples && Clock::now() < end;) {
    const Clock::time_point begin = Clock::now();
    Clock::time_point now = begin;
    while (now - begin < time) {
      now = Clock::now();
    }
    took.push_back(static_cast<std::uint64_t>((now - begin).count()));
  }
  std::sort(took.begin(), took.end());
  return took;
}

void print_row(std::uint64_t target, const std::vector<std::uint64_t>& seen) {
  const std::uint64_t p50 = quantile_of(seen, 5'000);
  const double error = 100.0 * (static_cast<double>(p50) / static_cast<double>(target) - 1.0);
  const auto native = watch_the_clock(std::chrono::nanoseconds(target));
  fmt::print("{:>10.1f} {:>10.2f} {:>10.2f} {:>10.2f} {:>10.2f} {:>+9.2f} {:>14.2f}\n",
             microseconds(target), microseconds(seen.front()), microseconds(mean_of(seen)),
             microseconds(p50), microseconds(quantile_of(seen, 9'900)), error,
             microseconds(quantile_of(native, 9'900)));
}

int fail_with(const Error& error) {
  print_error(error);
  return kFailure;
}

int run_calibrate(const std::string& wanted) {
  const auto chosen = choose_fault_path(wanted);
  if (!chosen) {
    return fail_with(chosen.error());
  }
  const FaultPath& path = *chosen;
  const auto companions = find_companions();
  if (!companions) {
    return fail_with(companions.error());
  }
  const auto measured = calibrate_here(*companions, path);
  if (!measured) {
    return fail_with(measured.error());
  }
  fmt::print("fault path {}, ", name_of(path.kind));
  fmt::print("floor {:.2f} us, lead {:.2f} us with one thread and {:.2f} us with several\n\n",
             microseconds(measured->floor_ns), microseconds(measured->lead_ns),
             microseconds(measured->lead_multi_ns));
  fmt::print("{:>10} {:>10} {:>10} {:>10} {:>10} {:>9} {:>14}\n", "target us", "min us", "mean us",
             "p50 us", "p99 us", "error %", "native p99 us");
  for (const std::uint64_t target : kTargets) {
    auto result =
        run_probe(*companions, {probe_parameters(target), *measured, path, 1, kSamples, kMostNs});
    if (!result) {
      return fail_with(result.error());
    }
    std::sort(result->seen_ns.begin(), result->seen_ns.end());
    print_row(target, result->seen_ns);
  }
  return kSuccess;
}

}  // namespace

const Command kCalibrateCommand = {
    "calibrate", "measure the floor and the accuracy of stalls here, as a program sees them",
    [](CLI::App& app) -> std::function<int()> {
      auto wanted = std::make_shared<std::string>("auto");
      app.add_option("--fault-path", *wanted, "auto, thread or inline")
          ->type_name("NAME")
          ->check(CLI::IsMember({"auto", "thread", "inline"}));
      return [wanted] { return run_calibrate(*wanted); };
    }};

}  // namespace dime
