// SPDX-License-Identifier: GPL-2.0
// What a report shows: runs of several files put together into points, predicted curves, and the
// machines that they come from. Page, text, CSV and SVG are made from it and compute nothing of
// their own, so that they show the same numbers.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "experiments/record.h"
#include "experiments/statistics.h"

namespace dime::figures {

/// A file that was read.
struct Source {
  std::string name;  ///< as the user gave it, without folders
  std::string kind;  ///< "sweep", "run" or "prediction"
  std::size_t entries = 0;
};

/// Runs of different machines are never put into one point.
struct Machine {
  std::string name;  ///< host, kernel and CPU; equal where the machines are
  nlohmann::ordered_json facts;
  std::uint64_t floor_low_ns = 0;  ///< of the calibrations of its runs; 0 = none known
  std::uint64_t floor_high_ns = 0;
};

/// One run, as it stands in its file.
struct Run {
  std::size_t source = 0;
  std::size_t machine = 0;
  experiments::Record record;
  std::vector<std::pair<std::string, std::string>> options;  ///< of `dime run`, without --
  nlohmann::ordered_json result;                             ///< of `dime run --json`, or null
  std::uint64_t floor_ns = 0;                                ///< 0 = unknown
};

/// Replayed from a trace by `dime whatif`.
struct Prediction {
  std::uint64_t local_pages = 0;
  double share = 0;  ///< of the trace's pages, 0 to 1
  std::uint64_t misses = 0;
  double miss_ratio = 0;
  std::uint64_t opt_misses = 0;
  double opt_ratio = 0;
  double slowdown = 0;
  bool good = true;  ///< the trace covers this size
};

struct Curve {
  std::size_t source = 0;
  std::string program;  ///< whose points belong on it; "" = none of the report
  std::string policy;   ///< with its prefetcher, where there is one
  std::uint64_t references = 0;
  std::vector<Prediction> points;  ///< by size
};

/// What is on the horizontal axis of a program's figure.
enum class Axis { kLocal, kLatency, kBandwidth, kNone };

/// Runs with the same program, options, engine and machine.
struct Point {
  std::string program;
  std::string native;  ///< "" where emulated
  std::size_t machine = 0;
  std::vector<std::pair<std::string, std::string>> options;
  std::string engine;                 ///< and fault path; "" where native
  std::string series;                 ///< which line of the figure, by what varies besides the axis
  std::optional<double> local_share;  ///< 0 to 1
  std::optional<double> local_pages;  ///< where a number of pages was asked for
  std::optional<double> latency_ns;
  std::optional<double> bandwidth_bps;
  std::string policy;
  std::string prefetch;
  std::vector<const Run*> runs;  ///< those that count, in the order of the files
  std::size_t failed = 0;        ///< runs that do not
  std::string problem;           ///< of the last that failed
  double wall_s = 0;             ///< median
  experiments::Interval wall_interval;
  /// Each run divided by the native run without huge pages of its pass; empty without such.
  std::vector<std::optional<double>> quotients;
  std::optional<double> slowdown;  ///< their median
  experiments::Interval slowdown_interval;
  std::map<std::string, double> metrics;  ///< medians
  /// Medians over the runs; none where native.
  std::optional<double> faults;
  std::optional<double> remote_faults;
  std::optional<double> stall_s;
  std::optional<double> stall_p50_ns;
  std::optional<double> stall_p99_ns;
  double target_ns = 0;  ///< 0 = unknown
  double floor_ns = 0;
  std::map<std::uint64_t, std::uint64_t> histogram;  ///< upper bound in ns -> stalls of all runs
  std::vector<std::string> doubts;
};

struct ProgramFigures {
  std::string name;
  Axis axis = Axis::kNone;
  std::vector<std::string> series;  ///< in the order of the points
};

struct ReportData {
  std::vector<Source> sources;
  std::vector<Machine> machines;
  std::vector<Run> runs;
  std::vector<Curve> curves;
  std::vector<std::string> notices;  ///< what a reader has to know of the files
  /// Filled by build().
  std::vector<ProgramFigures> programs;
  std::vector<Point> points;  ///< of one program together, by series and axis
};

/// Where the point lies on the axis; none where that is not known.
std::optional<double> position(const Point& point, Axis axis);

/// The option of `dime run` that the axis is; "none" without an axis.
const char* name_of(Axis axis);

/// "local share of memory", "latency" ...
const char* title_of(Axis axis);

/// The position in words: "50 %", "10 us", "40 Gbit/s".
std::string position_text(double position, Axis axis);

}  // namespace dime::figures
