// SPDX-License-Identifier: GPL-2.0
// dime calibrate: asks for some stalls and prints what a program saw, and, to tell DiME's part from
// the machine's, how long a program takes that only watches the clock for that time.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <memory>
#include <numeric>

#include "base/machine_costs.h"
#include "cli/command.h"
#include "cli/fault_path.h"
#include "cli/instance_setup.h"
#include "cli/version.h"
#include "report/json.h"

namespace dime {
namespace {

constexpr std::uint64_t kTargets[] = {10'000,  20'000,  50'000,    100'000,
                                      200'000, 500'000, 1'000'000, 2'000'000};
constexpr std::size_t kTargetsTried = 4;
constexpr unsigned kSamples = 4'000;
constexpr unsigned kMedian = 5'000;  // in basis points
constexpr unsigned k99Percent = 9'900;
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

// One target: what a program saw, and what it sees natively. Both ascending.
struct Row {
  std::uint64_t target_ns;
  std::vector<std::uint64_t> seen;
  std::vector<std::uint64_t> native;
};

struct Measured {
  FaultPath path;
  dime_calibration calibration{};
  MachineCosts costs{};
  std::vector<Row> rows;
};

// The first targets that this machine can meet.
std::vector<std::uint64_t> targets_above(std::uint64_t floor_ns) {
  std::vector<std::uint64_t> targets;
  for (const std::uint64_t target : kTargets) {
    if (target * 10 >= floor_ns * 13 && targets.size() < kTargetsTried) {
      targets.push_back(target);
    }
  }
  return targets;
}

Result<Measured> measure(const std::string& wanted) {
  DIME_TRY(FaultPath path, choose_fault_path(wanted));
  DIME_TRY(const Companions companions, find_companions());
  DIME_TRY(const dime_calibration calibration, calibrate_here(companions, path));
  Measured measured{std::move(path), calibration, measure_costs(), {}};
  for (const std::uint64_t target : targets_above(calibration.floor_ns)) {
    DIME_TRY(ProbeResult result, run_probe(companions, {probe_parameters(target), calibration,
                                                        measured.path, 1, kSamples, kMostNs}));
    std::sort(result.seen_ns.begin(), result.seen_ns.end());
    measured.rows.push_back(
        {target, std::move(result.seen_ns), watch_the_clock(std::chrono::nanoseconds(target))});
  }
  return measured;
}

void print_row(const Row& row) {
  const std::uint64_t p50 = quantile_of(row.seen, kMedian);
  const double error =
      100.0 * (static_cast<double>(p50) / static_cast<double>(row.target_ns) - 1.0);
  fmt::print("{:>10.1f} {:>10.2f} {:>10.2f} {:>10.2f} {:>10.2f} {:>+9.2f} {:>14.2f}\n",
             microseconds(row.target_ns), microseconds(row.seen.front()),
             microseconds(mean_of(row.seen)), microseconds(p50),
             microseconds(quantile_of(row.seen, k99Percent)), error,
             microseconds(quantile_of(row.native, k99Percent)));
}

void print_text(const Measured& measured) {
  const MachineCosts& costs = measured.costs;
  const dime_calibration& calibration = measured.calibration;
  fmt::print("fault path {}, ", name_of(measured.path.kind));
  fmt::print("floor {:.2f} us, lead {:.2f} us with one thread and {:.2f} us with several\n",
             microseconds(calibration.floor_ns), microseconds(calibration.lead_ns),
             microseconds(calibration.lead_multi_ns));
  fmt::print(
      "natively: fault {:.2f} us, signal {:.2f} us, wake {:.2f} us, system call {:.2f} us, clock "
      "{:.0f} ns; slowness {:.1f}\n\n",
      costs.fault_ns / 1e3, costs.signal_ns / 1e3, costs.wake_ns / 1e3, costs.system_call_ns / 1e3,
      costs.clock_ns, slowness(costs));
  fmt::print("{:>10} {:>10} {:>10} {:>10} {:>10} {:>9} {:>14}\n", "target us", "min us", "mean us",
             "p50 us", "p99 us", "error %", "native p99 us");
  for (const Row& row : measured.rows) {
    print_row(row);
  }
}

void print_json(const Measured& measured) {
  const MachineCosts& costs = measured.costs;
  nlohmann::ordered_json stalls = nlohmann::ordered_json::array();
  for (const Row& row : measured.rows) {
    stalls.push_back({{"target_ns", row.target_ns},
                      {"min_ns", row.seen.front()},
                      {"mean_ns", mean_of(row.seen)},
                      {"p50_ns", quantile_of(row.seen, kMedian)},
                      {"p99_ns", quantile_of(row.seen, k99Percent)},
                      {"native_p50_ns", quantile_of(row.native, kMedian)},
                      {"native_p99_ns", quantile_of(row.native, k99Percent)}});
  }
  const dime_calibration& calibration = measured.calibration;
  const nlohmann::ordered_json all = {
      {"schema", kResultSchema},
      {"version", kVersion},
      {"fault_path", name_of(measured.path.kind)},
      {"floor_ns", calibration.floor_ns},
      {"lead_ns", calibration.lead_ns},
      {"lead_several_ns", calibration.lead_multi_ns},
      {"suggested_latency_ns", suggested_latency(calibration.floor_ns)},
      {"machine",
       {{"slowness", slowness(costs)},
        {"spin_ns", costs.spin_ns},
        {"fault_ns", costs.fault_ns},
        {"signal_ns", costs.signal_ns},
        {"wake_ns", costs.wake_ns},
        {"system_call_ns", costs.system_call_ns},
        {"clock_ns", costs.clock_ns}}},
      {"stalls", stalls}};
  fmt::print("{}\n", all.dump(2));
}

int run_calibrate(const std::string& wanted, bool json) {
  const auto measured = measure(wanted);
  if (!measured) {
    print_error(measured.error());
    return kFailure;
  }
  json ? print_json(*measured) : print_text(*measured);
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
      auto json = std::make_shared<bool>(false);
      app.add_flag("--json", *json, "print JSON");
      return [wanted, json] { return run_calibrate(*wanted, *json); };
    }};

}  // namespace dime
