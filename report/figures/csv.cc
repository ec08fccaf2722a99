// SPDX-License-Identifier: GPL-2.0
#include <set>

#include "report/figures/export.h"

namespace dime::figures {
namespace {

std::string cell_of(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) {
    return text;
  }
  std::string inside = "\"";
  for (const char c : text) {
    inside += c;
    if (c == '"') {
      inside += c;
    }
  }
  return inside + '"';
}

std::string number(std::optional<double> value) {
  return value ? fmt::format("{}", *value) : "";
}

}  // namespace

std::string to_csv(const ReportData& data) {
  std::set<std::string> options;
  std::set<std::string> metrics;
  for (const Point& point : data.points) {
    for (const auto& [name, value] : point.options) {
      options.insert(name);
    }
    for (const auto& [name, value] : point.metrics) {
      metrics.insert(name);
    }
  }
  std::vector<std::string> cells = {"program", "native", "machine", "engine"};
  for (const std::string& name : options) {
    cells.push_back("option " + name);
  }
  cells.insert(cells.end(),
               {"runs", "failed", "wall_s", "wall_low_s", "wall_high_s", "slowdown", "slowdown_low",
                "slowdown_high", "coverage", "local_share", "faults", "remote_faults", "stall_s",
                "stall_p50_ns", "stall_p99_ns", "target_ns", "floor_ns", "doubts"});
  for (const std::string& name : metrics) {
    cells.push_back("metric " + name);
  }
  std::string text;
  const auto end_line = [&] {
    for (std::size_t i = 0; i < cells.size(); ++i) {
      text += (i == 0 ? "" : ",") + cell_of(cells[i]);
    }
    text += '\n';
  };
  end_line();
  for (const Point& point : data.points) {
    cells = {point.program, point.native, data.machines[point.machine].name, point.engine};
    const std::map<std::string, std::string> values(point.options.begin(), point.options.end());
    for (const std::string& name : options) {
      const auto value = values.find(name);
      cells.push_back(value != values.end() ? value->second : "");
    }
    const bool measured = !point.runs.empty();
    const bool paired = point.slowdown.has_value();
    const auto only = [](bool there, double value) { return there ? number(value) : ""; };
    cells.insert(
        cells.end(),
        {std::to_string(point.runs.size()), std::to_string(point.failed),
         only(measured, point.wall_s), only(measured, point.wall_interval.low),
         only(measured, point.wall_interval.high), number(point.slowdown),
         only(paired, point.slowdown_interval.low), only(paired, point.slowdown_interval.high),
         only(measured, paired ? point.slowdown_interval.coverage : point.wall_interval.coverage),
         number(point.local_share), number(point.faults), number(point.remote_faults),
         number(point.stall_s), number(point.stall_p50_ns), number(point.stall_p99_ns),
         only(point.target_ns > 0, point.target_ns), only(point.floor_ns > 0, point.floor_ns),
         fmt::format("{}", fmt::join(point.doubts, "; "))});
    for (const std::string& name : metrics) {
      const auto value = point.metrics.find(name);
      cells.push_back(value != point.metrics.end() ? number(value->second) : "");
    }
    end_line();
  }
  return text;
}

}  // namespace dime::figures
