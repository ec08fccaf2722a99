// SPDX-License-Identifier: GPL-2.0
// dime calibrate: asks for some stalls and prints what a program saw, and, to tell DiME's part from
// the machine's, how long a program takes that only watches the clock for that time.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <numeric>
#include <optional>
#include <set>
#include <thread>

#include "base/machine_costs.h"
#include "cli/command.h"
#include "cli/fault_path.h"
#include "cli/instance_setup.h"
#include "cli/version.h"
#include "core/link.h"
#include "core/quantity.h"
#include "engines/user/calibration/kept_calibration.h"
#include "report/json.h"

namespace dime {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t kTargets[] = {10'000, 20'000, 50'000, 100'000, 200'000, 500'000, 1'000'000};
constexpr std::uint64_t kBandwidths[] = {100'000'000, 1'000'000'000, 10'000'000'000, 40'000'000'000,
                                         100'000'000'000};  // bit/s
constexpr unsigned kSamples = 4'000;
constexpr unsigned kMedian = 5'000;  // in basis points
constexpr unsigned k99Percent = 9'900;
constexpr std::uint64_t kMostNs = 200'000'000;
// A median this far from its target is not called met.
constexpr double kMetPercent = 5;

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

// One target: what a program's threads saw, and what one sees natively. Both ascending.
struct Row {
  unsigned threads;
  std::uint64_t bandwidth_bps;  ///< 0 = unlimited
  std::uint64_t target_ns;
  std::vector<std::uint64_t> seen;
  std::vector<std::uint64_t> native;
};

// As the options have it.
struct Wanted {
  std::string fault_path = "auto";
  std::string mechanism = "auto";
};

struct Measured {
  FaultPath path;
  dime_calibration calibration{};
  MachineCosts costs{};
  std::vector<Row> rows{};        ///< by threads, then by target
  std::vector<Row> bandwidths{};  ///< one thread, each with a bandwidth
  Result<std::string> kept = fail(0, "nothing was measured");  ///< the file that dime run looks at
};

// Those that this machine can meet; the longest where there is none.
std::vector<std::uint64_t> targets_above(std::uint64_t floor_ns) {
  std::vector<std::uint64_t> targets;
  for (const std::uint64_t target : kTargets) {
    if (target * 10 >= floor_ns * 13) {
      targets.push_back(target);
    }
  }
  return targets.empty() ? std::vector<std::uint64_t>{suggested_latency(floor_ns)} : targets;
}

// 1, 2 and one for each CPU.
std::set<unsigned> thread_counts() {
  return {1, 2, std::max(1u, std::thread::hardware_concurrency())};
}

Result<Row> measure_row(const Companions& companions, const Measured& measured, unsigned threads,
                        std::uint64_t latency_ns, std::uint64_t bandwidth_bps) {
  dime_parameters parameters = probe_parameters(latency_ns);
  parameters.bandwidth_bps = bandwidth_bps;
  DIME_TRY(ProbeResult result, run_probe(companions, {parameters, measured.calibration,
                                                      measured.path, threads, kSamples, kMostNs}));
  if (result.seen_ns.empty()) {
    return fail(0, "no stall was seen within {} ms", kMostNs / 1'000'000);
  }
  std::sort(result.seen_ns.begin(), result.seen_ns.end());
  const std::uint64_t target = link::unloaded_stall(parameters).value;
  return Row{threads, bandwidth_bps, target, std::move(result.seen_ns),
             watch_the_clock(std::chrono::nanoseconds(target))};
}

double error_percent(const Row& row) {
  return 100.0 *
         (static_cast<double>(quantile_of(row.seen, kMedian)) / static_cast<double>(row.target_ns) -
          1.0);
}

// The least target from which all medians of so many threads are met; none: the longest is not.
std::optional<std::uint64_t> met_from(const Measured& measured, unsigned threads) {
  std::optional<std::uint64_t> from;
  for (const Row& row : measured.rows) {
    if (row.threads == threads) {
      const bool met = std::abs(error_percent(row)) <= kMetPercent;
      from = !met ? std::nullopt : from ? from : std::optional(row.target_ns);
    }
  }
  return from;
}

Result<Measured> measure(const Wanted& wanted) {
  DIME_TRY(FaultPath path, choose_fault_path(wanted.fault_path, wanted.mechanism));
  DIME_TRY(const Companions companions, find_companions());
  DIME_TRY(const dime_calibration calibration, calibrate_here(companions, path));
  Measured measured{std::move(path), calibration, measure_costs()};
  for (const unsigned threads : thread_counts()) {
    for (const std::uint64_t target : targets_above(calibration.floor_ns)) {
      DIME_TRY(Row row, measure_row(companions, measured, threads, target, 0));
      measured.rows.push_back(std::move(row));
    }
  }
  for (const std::uint64_t bandwidth : kBandwidths) {
    DIME_TRY(Row row, measure_row(companions, measured, 1, suggested_latency(calibration.floor_ns),
                                  bandwidth));
    measured.bandwidths.push_back(std::move(row));
  }
  measured.kept = keep_calibration(companions, measured.path, calibration,
                                   StallVerdict{met_from(measured, 1).value_or(0)});
  return measured;
}

std::string verdict_for(const Measured& measured, unsigned threads) {
  const std::string who = threads == 1 ? "one thread" : fmt::format("{} threads", threads);
  const auto from = met_from(measured, threads);
  if (!from) {
    return fmt::format("{}: not even the longest stall is met within {} %", who, kMetPercent);
  }
  double worst = 0;
  for (const Row& row : measured.rows) {
    if (row.threads == threads && row.target_ns >= *from) {
      worst = std::max(worst, std::abs(error_percent(row)));
    }
  }
  return fmt::format("{}: stalls from {} up are met within {:.1f} %", who,
                     format_time({*from}).c_str(), worst);
}

// One sentence for each number of threads, one for bandwidths, and what to do.
std::vector<std::string> verdict(const Measured& measured) {
  std::vector<std::string> words;
  for (const unsigned threads : thread_counts()) {
    words.push_back(verdict_for(measured, threads));
  }
  double worst = 0;
  for (const Row& row : measured.bandwidths) {
    worst = std::max(worst, std::abs(error_percent(row)));
  }
  words.push_back(fmt::format("stalls with a bandwidth from {} to {} are within {:.1f} %",
                              format_bandwidth({*std::begin(kBandwidths)}).c_str(),
                              format_bandwidth({*std::rbegin(kBandwidths)}).c_str(), worst));
  const auto from = met_from(measured, 1);
  words.push_back(from ? fmt::format("use --latency {} or more here", format_time({*from}).c_str())
                       : "this machine is too busy or too slow now: try again when it is idle");
  return words;
}

void print_row(const Row& row) {
  const std::uint64_t p50 = quantile_of(row.seen, kMedian);
  const double error = error_percent(row);
  fmt::print("{:>7} {:>10.1f} {:>10.2f} {:>10.2f} {:>10.2f} {:>10.2f} {:>+9.2f} {:>14.2f}\n",
             row.threads, microseconds(row.target_ns), microseconds(row.seen.front()),
             microseconds(mean_of(row.seen)), microseconds(p50),
             microseconds(quantile_of(row.seen, k99Percent)), error,
             microseconds(quantile_of(row.native, k99Percent)));
}

void print_text(const Measured& measured) {
  const MachineCosts& costs = measured.costs;
  const dime_calibration& calibration = measured.calibration;
  fmt::print("fault path {}, mechanism {}, ", name_of(measured.path.kind),
             name_of(measured.path.mechanism));
  fmt::print("floor {:.2f} us, lead {:.2f} us with one thread and {:.2f} us with several\n",
             microseconds(calibration.floor_ns), microseconds(calibration.lead_ns),
             microseconds(calibration.lead_multi_ns));
  fmt::print(
      "natively: fault {:.2f} us, signal {:.2f} us, wake {:.2f} us, system call {:.2f} us, clock "
      "{:.0f} ns; slowness {:.1f}\n\n",
      costs.fault_ns / 1e3, costs.signal_ns / 1e3, costs.wake_ns / 1e3, costs.system_call_ns / 1e3,
      costs.clock_ns, slowness(costs));
  fmt::print("{:>7} {:>10} {:>10} {:>10} {:>10} {:>10} {:>9} {:>14}\n", "threads", "target us",
             "min us", "mean us", "p50 us", "p99 us", "error %", "native p99 us");
  for (const Row& row : measured.rows) {
    print_row(row);
  }
  fmt::print("\n");
  for (const Row& row : measured.bandwidths) {
    fmt::print("{:>16}: target {:>8.1f} us, p50 {:>8.2f} us, error {:>+6.2f} %\n",
               format_bandwidth({row.bandwidth_bps}).c_str(), microseconds(row.target_ns),
               microseconds(quantile_of(row.seen, kMedian)), error_percent(row));
  }
  fmt::print("\n");
  for (const std::string& words : verdict(measured)) {
    fmt::print("{}\n", words);
  }
  fmt::print("{}\n", measured.kept ? fmt::format("kept for dime run: {}", *measured.kept)
                                   : fmt::format("not kept: {}", measured.kept.error().message));
}

Json rows_json(const std::vector<Row>& rows) {
  Json list = Json::array();
  for (const Row& row : rows) {
    list.push_back({{"threads", row.threads},
                    {"bandwidth_bps", row.bandwidth_bps},
                    {"target_ns", row.target_ns},
                    {"min_ns", row.seen.front()},
                    {"mean_ns", mean_of(row.seen)},
                    {"p50_ns", quantile_of(row.seen, kMedian)},
                    {"p99_ns", quantile_of(row.seen, k99Percent)},
                    {"error_percent", error_percent(row)},
                    {"native_p50_ns", quantile_of(row.native, kMedian)},
                    {"native_p99_ns", quantile_of(row.native, k99Percent)}});
  }
  return list;
}

void print_json(const Measured& measured) {
  const MachineCosts& costs = measured.costs;
  Json met;
  if (const auto from = met_from(measured, 1)) {
    met = *from;
  }
  const dime_calibration& calibration = measured.calibration;
  const Json all = {{"schema", kResultSchema},
                    {"version", kVersion},
                    {"fault_path", name_of(measured.path.kind)},
                    {"mechanism", name_of(measured.path.mechanism)},
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
                    {"stalls", rows_json(measured.rows)},
                    {"bandwidths", rows_json(measured.bandwidths)},
                    {"met_from_ns", std::move(met)},
                    {"verdict", verdict(measured)},
                    {"kept", measured.kept ? Json(*measured.kept) : Json()}};
  fmt::print("{}\n", all.dump(2));
}

int run_calibrate(const Wanted& wanted, bool json) {
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
      auto wanted = std::make_shared<Wanted>();
      app.add_option("--fault-path", wanted->fault_path, "auto, thread or inline")
          ->type_name("NAME")
          ->check(CLI::IsMember({"auto", "thread", "inline"}));
      app.add_option("--mechanism", wanted->mechanism, "auto, move or copy")->type_name("NAME");
      auto json = std::make_shared<bool>(false);
      app.add_flag("--json", *json, "print JSON");
      return [wanted, json] { return run_calibrate(*wanted, *json); };
    }};

}  // namespace dime
