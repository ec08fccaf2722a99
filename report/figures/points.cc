// SPDX-License-Identifier: GPL-2.0
#include "report/figures/points.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <tuple>

#include "experiments/plan.h"

namespace dime::figures {
namespace {

using Json = nlohmann::ordered_json;
using experiments::Interval;
using experiments::median;
using experiments::median_interval;

constexpr std::size_t kMostRuns = 1000;  // that experiments/statistics.h takes

struct AxisNames {
  const char* name;
  const char* title;
};
// By enum Axis.
constexpr AxisNames kAxes[] = {{"local", "local share of memory"},
                               {"latency", "latency"},
                               {"bandwidth", "bandwidth"},
                               {"none", ""}};

std::optional<double> number_at(const Json& json, const char* path) {
  const Json::json_pointer pointer(path);
  if (json.is_object() && json.contains(pointer) && json[pointer].is_number()) {
    return json[pointer].get<double>();
  }
  return std::nullopt;
}

std::string text_at(const Json& json, const char* path, const char* fallback = "") {
  const Json::json_pointer pointer(path);
  return json.is_object() && json.contains(pointer) && json[pointer].is_string()
             ? json[pointer].get<std::string>()
             : fallback;
}

std::string option_of(const Point& point, std::string_view name) {
  for (const auto& [option, value] : point.options) {
    if (option == name) {
      return value;
    }
  }
  return {};
}

std::optional<double> local_share_of(const Json& result, const std::string& asked) {
  if (const auto percent = number_at(result, "/config/local_percent")) {
    return *percent / 100;
  }
  const auto local = number_at(result, "/config/local_npages");
  const auto all = number_at(result, "/pages/managed_peak");
  if (local && all && *all > 0) {
    return std::min(1.0, *local / *all);
  }
  double percent = 0;  // of a point all of whose runs failed
  const auto end = std::from_chars(asked.data(), asked.data() + asked.size(), percent);
  if (end.ec == std::errc() && end.ptr + 1 == asked.data() + asked.size() && *end.ptr == '%') {
    return percent / 100;
  }
  return std::nullopt;
}

std::string engine_of(const Json& result) {
  std::string engine = text_at(result, "/dime/engine");
  for (const char* const path : {"/dime/fault_path", "/dime/mechanism"}) {
    if (const std::string word = text_at(result, path); !word.empty()) {
      engine += (engine.empty() ? "" : " ") + word;
    }
  }
  return engine;
}

// What makes runs comparable with each other: the file, the block of a cluster's job and the pass.
using Pass = std::tuple<std::size_t, long, unsigned>;

Pass pass_of(const Run& run) {
  return {run.source, run.record.block, run.record.repetition};
}

using Natives = std::map<std::tuple<std::string, std::size_t, Pass>, double>;

Natives natives_of(const std::vector<Run>& runs) {
  Natives natives;
  const std::string wanted = experiments::name_of(experiments::Native::kSmallPages);
  for (const Run& run : runs) {
    if (run.record.native == wanted && run.record.good && run.record.wall_s > 0) {
      natives[{run.record.program, run.machine, pass_of(run)}] = run.record.wall_s;
    }
  }
  return natives;
}

void take_facts(Point& point, const Run& run) {
  const Json& result = run.result;
  point.latency_ns = number_at(result, "/config/latency_ns");
  point.bandwidth_bps = number_at(result, "/config/bandwidth_bps");
  point.policy = text_at(result, "/config/policy");
  point.prefetch = text_at(result, "/config/prefetch", "none");
  point.target_ns = number_at(result, "/stall_ns/target").value_or(0);
  point.floor_ns = number_at(result, "/stall_ns/floor").value_or(0);
}

// Points in the order in which they first appear. Of a pass that was run again, the last good run
// counts, as in the table of a sweep.
std::vector<Point> grouped(const std::vector<Run>& runs) {
  std::vector<Point> points;
  std::map<std::string, std::size_t> index;
  for (const Run& run : runs) {
    const std::string engine = run.record.native.empty() ? engine_of(run.result) : "";
    // What failed has no result, and so no engine: it belongs to the options.
    const std::string options = fmt::format("{}\n{}", run.record.key(), run.machine);
    const std::string key = engine.empty() ? options : options + '\n' + engine;
    const auto [place, added] = index.try_emplace(key, points.size());
    if (added) {
      Point point;
      point.program = run.record.program;
      point.native = run.record.native;
      point.machine = run.machine;
      point.options = run.options;
      point.engine = engine;
      points.push_back(std::move(point));
    }
    Point& point = points[place->second];
    if (!run.record.good) {
      ++point.failed;
      point.problem = run.record.problem;
      continue;
    }
    const auto same =
        std::find_if(point.runs.begin(), point.runs.end(), [&](const Run* const other) {
          // Each file of dime run is a run of its own; only a sweep numbers its passes.
          return pass_of(*other) == pass_of(run);
        });
    if (same != point.runs.end()) {
      *same = &run;
    } else {
      point.runs.push_back(&run);
    }
  }
  return points;
}

// A point whose runs all failed is shown by the point with the same options that has an engine.
void join_failed(std::vector<Point>& points) {
  for (Point& failed : points) {
    if (!failed.runs.empty() || !failed.native.empty()) {
      continue;
    }
    const auto other = std::find_if(points.begin(), points.end(), [&](const Point& point) {
      return !point.runs.empty() && point.program == failed.program && point.native.empty() &&
             point.options == failed.options && point.machine == failed.machine;
    });
    if (other != points.end()) {
      other->failed += failed.failed;
      failed.failed = 0;
    }
  }
  std::erase_if(points, [](const Point& point) { return point.runs.empty() && point.failed == 0; });
}

std::optional<double> median_of(const Point& point, const char* path) {
  std::vector<double> values;
  for (const Run* const run : point.runs) {
    if (const auto value = number_at(run->result, path)) {
      values.push_back(*value);
    }
  }
  return values.empty() ? std::nullopt : std::optional(median(std::move(values)));
}

std::optional<double> median_stall_s(const Point& point) {
  std::vector<double> values;
  for (const Run* const run : point.runs) {
    const auto count = number_at(run->result, "/stall_ns/count");
    const auto mean = number_at(run->result, "/stall_ns/mean");
    if (count && mean) {
      values.push_back(*count * *mean / 1e9);
    }
  }
  return values.empty() ? std::nullopt : std::optional(median(std::move(values)));
}

void add_histogram(Point& point) {
  const Json::json_pointer path("/stall_ns/histogram");
  for (const Run* const run : point.runs) {
    if (!run->result.is_object() || !run->result.contains(path) || !run->result[path].is_array()) {
      continue;
    }
    for (const Json& bucket : run->result[path]) {
      if (bucket.is_array() && bucket.size() == 2 && bucket[0].is_number() &&
          bucket[1].is_number()) {
        point.histogram[bucket[0].get<std::uint64_t>()] += bucket[1].get<std::uint64_t>();
      }
    }
  }
}

void add_doubts(Point& point) {
  std::vector<const experiments::Record*> records;
  for (const Run* const run : point.runs) {
    records.push_back(&run->record);
  }
  point.doubts = point.slowdown
                     ? experiments::doubts_of(*point.slowdown, point.slowdown_interval, records)
                     : experiments::doubts_of(point.wall_s, point.wall_interval, records);
}

void measure(Point& point, const Natives& natives) {
  if (point.runs.empty()) {
    point.local_share = local_share_of({}, option_of(point, "local"));
    return;
  }
  std::vector<double> walls;
  std::vector<double> quotients;
  std::map<std::string, std::vector<double>> metrics;
  for (const Run* const run : point.runs) {
    walls.push_back(run->record.wall_s);
    const auto native = natives.find({point.program, point.machine, pass_of(*run)});
    const bool paired = native != natives.end();
    point.quotients.push_back(paired ? std::optional(run->record.wall_s / native->second)
                                     : std::nullopt);
    if (paired) {
      quotients.push_back(*point.quotients.back());
    }
    for (const auto& [name, value] : run->record.metrics) {
      metrics[name].push_back(value);
    }
  }
  point.wall_s = median(walls);
  point.wall_interval = median_interval(walls);
  if (!quotients.empty()) {
    point.slowdown = median(quotients);
    point.slowdown_interval = median_interval(quotients);
  }
  for (auto& [name, values] : metrics) {
    point.metrics[name] = median(std::move(values));
  }
  if (point.native.empty()) {
    take_facts(point, *point.runs.front());
    point.local_share = local_share_of(point.runs.front()->result, option_of(point, "local"));
    point.local_pages = number_at(point.runs.front()->result, "/config/local_npages");
    point.faults = median_of(point, "/faults/total");
    point.remote_faults = median_of(point, "/faults/remote");
    point.stall_p50_ns = median_of(point, "/stall_ns/p50");
    point.stall_p99_ns = median_of(point, "/stall_ns/p99");
    point.stall_s = median_stall_s(point);
    add_histogram(point);
  }
  add_doubts(point);
}

template <class Get>
std::size_t distinct(const std::vector<Point*>& points, const Get& get) {
  std::set<double> values;
  for (const Point* const point : points) {
    if (const std::optional<double> value = get(*point)) {
      values.insert(*value);
    }
  }
  return values.size();
}

Axis axis_of(const std::vector<Point*>& points) {
  for (const Axis axis : {Axis::kLocal, Axis::kLatency, Axis::kBandwidth}) {
    if (distinct(points, [axis](const Point& point) { return position(point, axis); }) > 1) {
      return axis;
    }
  }
  return Axis::kNone;
}

// Names the lines of a program's figure by the options that differ between its points.
void name_series(const std::vector<Point*>& points, Axis axis,
                 const std::vector<Machine>& machines) {
  std::map<std::string, std::set<std::string>> values;
  std::vector<std::string> order;
  const auto all_of = [&](const Point& point) {
    auto all = point.options;
    all.emplace_back("engine", point.engine);
    all.emplace_back("machine", machines[point.machine].name);
    return all;
  };
  for (const Point* const point : points) {
    for (const auto& [name, value] : all_of(*point)) {
      if (!values.contains(name)) {
        order.push_back(name);
      }
      if (name != "engine" || !value.empty()) {
        values[name].insert(value);
      }
    }
  }
  for (Point* const point : points) {
    const auto all = all_of(*point);
    for (const std::string& name : order) {
      if (name == name_of(axis) || values[name].size() < 2) {
        continue;
      }
      const auto option = std::find_if(all.begin(), all.end(),
                                       [&](const auto& known) { return known.first == name; });
      if (option != all.end()) {
        point->series +=
            fmt::format("{}{} {}", point->series.empty() ? "" : ", ", name, option->second);
      }
    }
    if (point->series.empty()) {
      point->series = "emulated";
    }
  }
}

void add_program(const std::string& name, ReportData& data) {
  std::vector<Point*> emulated;
  for (Point& point : data.points) {
    if (point.program == name && point.native.empty()) {
      emulated.push_back(&point);
    }
  }
  ProgramFigures figures{name, axis_of(emulated), {}};
  name_series(emulated, figures.axis, data.machines);
  for (const Point* const point : emulated) {
    if (std::find(figures.series.begin(), figures.series.end(), point->series) ==
        figures.series.end()) {
      figures.series.push_back(point->series);
    }
  }
  data.programs.push_back(std::move(figures));
}

// By program as they appear, native ones first, then by line and place on it.
void sort_points(ReportData& data) {
  const auto place = [&](const Point& point) {
    std::size_t program = 0;
    while (data.programs[program].name != point.program) {
      ++program;
    }
    const ProgramFigures& figures = data.programs[program];
    const auto series = std::find(figures.series.begin(), figures.series.end(), point.series);
    return std::tuple(program, point.native.empty(), series - figures.series.begin(),
                      -position(point, figures.axis).value_or(0));
  };
  std::stable_sort(data.points.begin(), data.points.end(),
                   [&](const Point& one, const Point& other) { return place(one) < place(other); });
}

// A curve belongs to the only program, or to the one that its file is named after.
void match_curves(ReportData& data) {
  for (Curve& curve : data.curves) {
    const std::string& file = data.sources[curve.source].name;
    std::size_t longest = 0;
    for (const ProgramFigures& program : data.programs) {
      if (file.starts_with(program.name) && program.name.size() > longest) {
        curve.program = program.name;
        longest = program.name.size();
      }
    }
    if (data.programs.size() == 1) {
      curve.program = data.programs.front().name;
    }
  }
}

}  // namespace

std::optional<double> position(const Point& point, Axis axis) {
  switch (axis) {
    case Axis::kLocal:
      return point.local_share;
    case Axis::kLatency:
      return point.latency_ns;
    case Axis::kBandwidth:
      return point.bandwidth_bps;
    case Axis::kNone:
      break;
  }
  return std::nullopt;
}

const char* name_of(Axis axis) {
  return kAxes[static_cast<std::size_t>(axis)].name;
}

const char* title_of(Axis axis) {
  return kAxes[static_cast<std::size_t>(axis)].title;
}

std::string position_text(double position, Axis axis) {
  switch (axis) {
    case Axis::kLocal:
      return fmt::format("{:.4g} %", 100 * position);
    case Axis::kLatency:
      return fmt::format("{:g} us", position / 1e3);
    case Axis::kBandwidth:
      return fmt::format("{:g} Gbit/s", position / 1e9);
    case Axis::kNone:
      break;
  }
  return {};
}

Result<void> build(ReportData& data, Machines machines) {
  if (data.machines.size() > 1 && machines == Machines::kOne) {
    return fail_with_hint("--mix-machines shows them as lines of their own",
                          "the results come from {} machines, whose times cannot be compared: {}; "
                          "{}",
                          data.machines.size(), data.machines[0].name, data.machines[1].name);
  }
  const Natives natives = natives_of(data.runs);
  data.points = grouped(data.runs);
  join_failed(data.points);
  std::vector<std::string> names;
  for (Point& point : data.points) {
    if (point.runs.size() > kMostRuns) {
      return fail(0, "{} runs of one point of {}; allowed: up to {}", point.runs.size(),
                  point.program, kMostRuns);
    }
    measure(point, natives);
    if (std::find(names.begin(), names.end(), point.program) == names.end()) {
      names.push_back(point.program);
    }
  }
  for (const std::string& name : names) {
    add_program(name, data);
  }
  sort_points(data);
  match_curves(data);
  return {};
}

}  // namespace dime::figures
