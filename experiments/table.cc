// SPDX-License-Identifier: GPL-2.0
#include "experiments/table.h"

#include <algorithm>
#include <set>

#include "experiments/columns.h"

namespace dime::experiments {
namespace {

// The last good record of each pass.
std::map<std::pair<long, unsigned>, const Record*> good_runs(const std::vector<Record>& records,
                                                             const std::string& key) {
  std::map<std::pair<long, unsigned>, const Record*> runs;
  for (const Record& record : records) {
    if (record.key() == key && record.good) {
      runs[{record.block, record.repetition}] = &record;
    }
  }
  return runs;
}

// Most runs' machine: what differs from it cannot be compared with the rest.
std::string usual_machine(const std::vector<Record>& records) {
  std::map<std::string, unsigned> counts;
  for (const Record& record : records) {
    ++counts[record.machine];
  }
  const auto most = std::max_element(
      counts.begin(), counts.end(),
      [](const auto& one, const auto& other) { return one.second < other.second; });
  return most == counts.end() ? "" : most->first;
}

void add_doubts(PointFigures& figures, const std::string& machine,
                const std::vector<const Record*>& runs) {
  figures.doubts = figures.pairs != 0 ? doubts_of(figures.slowdown, figures.slowdown_interval, runs)
                                      : doubts_of(figures.wall_s, figures.wall_interval, runs);
  if (std::any_of(runs.begin(), runs.end(),
                  [&](const Record* const run) { return run->machine != machine; })) {
    figures.doubts.emplace_back("another machine");
  }
}

std::string interval_text(const Interval& interval, int digits) {
  return fmt::format("{:.{}f} .. {:.{}f}", interval.low, digits, interval.high, digits);
}

std::string joined(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, "; "));
}

}  // namespace

std::vector<PointFigures> figures_of(const Spec& spec, const std::vector<Point>& points,
                                     const std::vector<Record>& records) {
  std::vector<PointFigures> all;
  const std::string machine = usual_machine(records);
  for (const Point& point : points) {
    PointFigures figures;
    figures.point = point;
    const std::string key = key_of(point.identity(spec));
    const auto runs = good_runs(records, key);
    const auto natives =
        good_runs(records, key_of(Point{point.program, Native::kSmallPages, {}}.identity(spec)));
    std::vector<double> walls;
    std::vector<double> quotients;
    std::map<std::string, std::vector<double>> metrics;
    std::vector<const Record*> counted;
    for (const auto& [pass, run] : runs) {
      walls.push_back(run->wall_s);
      counted.push_back(run);
      const auto native = natives.find(pass);
      if (native != natives.end() && native->second->wall_s > 0) {
        quotients.push_back(run->wall_s / native->second->wall_s);
      }
      for (const auto& [name, value] : run->metrics) {
        metrics[name].push_back(value);
      }
    }
    for (const Record& record : records) {
      if (record.key() == key) {
        figures.problem = record.good ? "" : record.problem;
      }
    }
    if (walls.empty() && figures.problem.empty()) {
      continue;
    }
    figures.runs = walls.size();
    if (!walls.empty()) {
      figures.wall_s = median(walls);
      figures.wall_interval = median_interval(walls);
    }
    figures.pairs = quotients.size();
    if (!quotients.empty()) {
      figures.slowdown = median(quotients);
      figures.slowdown_interval = median_interval(quotients);
    }
    for (const auto& [name, values] : metrics) {
      figures.metrics[name] = median(values);
    }
    if (!walls.empty()) {
      add_doubts(figures, machine, counted);
    }
    all.push_back(std::move(figures));
  }
  return all;
}

std::string table_of(const Spec& spec, const std::vector<PointFigures>& figures) {
  std::vector<std::size_t> varied;
  for (std::size_t i = 0; i < spec.grid.size(); ++i) {
    if (spec.grid[i].labels.size() > 1) {
      varied.push_back(i);
    }
  }
  std::set<std::string> metrics;
  for (const Program& program : spec.programs) {
    for (const Metric& metric : program.metrics) {
      metrics.insert(metric.name);
    }
  }
  std::vector<std::string> heads = {"program"};
  for (const std::size_t axis : varied) {
    heads.push_back(spec.grid[axis].option);
  }
  const std::size_t words = heads.size();
  heads.insert(heads.end(), {"runs", "seconds", "slow-down", "interval"});
  heads.insert(heads.end(), metrics.begin(), metrics.end());
  heads.emplace_back("");
  Rows rows = {heads};
  for (const PointFigures& of : figures) {
    std::vector<std::string> row = {spec.programs[of.point.program].name};
    for (const std::size_t axis : varied) {
      row.push_back(of.point.native ? "" : spec.grid[axis].labels[of.point.values[axis]]);
    }
    if (of.point.native) {
      row[0] += fmt::format(" native {}", name_of(*of.point.native));
    }
    row.push_back(std::to_string(of.runs));
    row.push_back(of.runs != 0 ? fmt::format("{:.3f}", of.wall_s) : "-");
    const bool itself = of.point.native == Native::kSmallPages;
    row.push_back(of.pairs != 0 && !itself ? fmt::format("{:.2f}", of.slowdown) : "-");
    row.push_back(of.pairs != 0 && !itself ? interval_text(of.slowdown_interval, 2)
                  : of.runs != 0           ? interval_text(of.wall_interval, 3) + " s"
                                           : "-");
    for (const std::string& name : metrics) {
      const auto value = of.metrics.find(name);
      row.push_back(value != of.metrics.end() ? fmt::format("{:.6g}", value->second) : "-");
    }
    std::vector<std::string> remarks = of.doubts;
    if (!of.problem.empty()) {
      remarks.insert(remarks.begin(), "FAILED: " + of.problem);
    }
    row.push_back(joined(remarks));
    rows.push_back(std::move(row));
  }
  return aligned(rows, words) +
         "\nseconds: median of the runs. slow-down: median of each run divided by the native run "
         "without transparent huge pages of the same pass.\n"
         "interval: holds the median with a probability of 95 % or more, from order statistics; "
         "with fewer than 6 runs it is their range.\n";
}

}  // namespace dime::experiments
