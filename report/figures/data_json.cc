// SPDX-License-Identifier: GPL-2.0
#include "report/figures/export.h"

namespace dime::figures {
namespace {

using Json = nlohmann::ordered_json;

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}

Json to_json(const experiments::Interval& interval) {
  return {interval.low, interval.high, interval.coverage};
}

Json options_json(const Point& point) {
  Json options = Json::object();
  for (const auto& [name, value] : point.options) {
    options[name] = value;
  }
  return options;
}

Json runs_json(const Point& point, const std::vector<Source>& sources) {
  Json runs = Json::array();
  for (std::size_t i = 0; i < point.runs.size(); ++i) {
    const Run& run = *point.runs[i];
    runs.push_back({{"source", sources[run.source].name},
                    {"repetition", run.record.repetition},
                    {"wall_s", run.record.wall_s},
                    {"slowdown", or_null(point.quotients[i])}});
  }
  return runs;
}

// Of the first run that has some: runs of one point look alike, and a page has to stay small.
Json samples_json(const Point& point) {
  for (const Run* const run : point.runs) {
    if (run->result.is_object() && run->result.contains("samples") &&
        !run->result["samples"].empty()) {
      return run->result["samples"];
    }
  }
  return nullptr;
}

Json to_json(const Point& point, const ReportData& data, Axis axis) {
  Json histogram = Json::array();
  for (const auto& [upper, count] : point.histogram) {
    histogram.push_back({upper, count});
  }
  const bool measured = !point.runs.empty();
  return {{"program", point.program},
          {"native", point.native},
          {"series", point.series},
          {"machine", point.machine},
          {"engine", point.engine},
          {"options", options_json(point)},
          {"position", or_null(position(point, axis))},
          {"local_share", or_null(point.local_share)},
          {"local_pages", or_null(point.local_pages)},
          {"latency_ns", or_null(point.latency_ns)},
          {"bandwidth_bps", or_null(point.bandwidth_bps)},
          {"policy", point.policy},
          {"prefetch", point.prefetch},
          {"failed", point.failed},
          {"problem", point.problem},
          {"wall_s", measured ? Json(point.wall_s) : Json()},
          {"wall_interval", measured ? to_json(point.wall_interval) : Json()},
          {"slowdown", or_null(point.slowdown)},
          {"slowdown_interval", point.slowdown ? to_json(point.slowdown_interval) : Json()},
          {"metrics", point.metrics},
          {"faults", or_null(point.faults)},
          {"remote_faults", or_null(point.remote_faults)},
          {"stall_s", or_null(point.stall_s)},
          {"stall_p50_ns", or_null(point.stall_p50_ns)},
          {"stall_p99_ns", or_null(point.stall_p99_ns)},
          {"target_ns", point.target_ns},
          {"floor_ns", point.floor_ns},
          {"histogram", std::move(histogram)},
          {"samples", samples_json(point)},
          {"doubts", point.doubts},
          {"runs", runs_json(point, data.sources)}};
}

Json to_json(const Curve& curve, const std::vector<Source>& sources) {
  Json points = Json::array();
  for (const Prediction& point : curve.points) {
    points.push_back({{"local_pages", point.local_pages},
                      {"share", point.share},
                      {"misses", point.misses},
                      {"miss_ratio", point.miss_ratio},
                      {"opt_misses", point.opt_misses},
                      {"opt_ratio", point.opt_ratio},
                      {"slowdown", point.slowdown},
                      {"good", point.good}});
  }
  return {{"source", sources[curve.source].name},
          {"program", curve.program},
          {"policy", curve.policy},
          {"references", curve.references},
          {"points", std::move(points)}};
}

}  // namespace

Json to_json(const ReportData& data, const std::string& version) {
  Json sources = Json::array();
  for (const Source& source : data.sources) {
    sources.push_back({{"name", source.name}, {"kind", source.kind}, {"entries", source.entries}});
  }
  Json machines = Json::array();
  for (const Machine& machine : data.machines) {
    machines.push_back({{"name", machine.name},
                        {"facts", machine.facts},
                        {"floor_ns", {machine.floor_low_ns, machine.floor_high_ns}}});
  }
  Json programs = Json::array();
  std::map<std::string, Axis> axes;
  for (const ProgramFigures& program : data.programs) {
    programs.push_back(
        {{"name", program.name}, {"axis", name_of(program.axis)}, {"series", program.series}});
    axes[program.name] = program.axis;
  }
  Json points = Json::array();
  for (const Point& point : data.points) {
    points.push_back(to_json(point, data, axes[point.program]));
  }
  Json curves = Json::array();
  for (const Curve& curve : data.curves) {
    curves.push_back(to_json(curve, data.sources));
  }
  return {{"schema", kReportSchema},
          {"kind", "report"},
          {"version", version},
          {"sources", std::move(sources)},
          {"machines", std::move(machines)},
          {"notices", data.notices},
          {"programs", std::move(programs)},
          {"points", std::move(points)},
          {"curves", std::move(curves)}};
}

}  // namespace dime::figures
