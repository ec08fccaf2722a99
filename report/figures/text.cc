// SPDX-License-Identifier: GPL-2.0
#include <algorithm>
#include <cmath>
#include <string_view>

#include "experiments/columns.h"
#include "report/figures/export.h"

namespace dime::figures {
namespace {

// One mark a line, so that lines are told apart without colour.
constexpr std::string_view kMarks = "*o+x#@%&";
constexpr std::size_t kRows = 14;
constexpr std::size_t kMargin = 9;  // for the numbers of the vertical axis
constexpr std::size_t kFewest = 40;

struct Dot {
  double x;
  double y;
  std::size_t series;
};

struct Range {
  double low = 0;
  double high = 0;
  [[nodiscard]] std::size_t cell(double value, std::size_t cells) const {
    const double part = high > low ? (value - low) / (high - low) : 0.5;
    return static_cast<std::size_t>(std::lround(part * static_cast<double>(cells - 1)));
  }
};

template <class Get>
Range range_of(const std::vector<Dot>& dots, const Get& get) {
  Range range{get(dots.front()), get(dots.front())};
  for (const Dot& dot : dots) {
    range.low = std::min(range.low, get(dot));
    range.high = std::max(range.high, get(dot));
  }
  return range;
}

// Lines between neighbours of a series as dots, its points as marks on top.
std::vector<std::string> drawn(const std::vector<Dot>& dots, const Range& x, const Range& y,
                               std::size_t width) {
  std::vector<std::string> rows(kRows, std::string(width, ' '));
  const auto row_of = [&](double value) { return kRows - 1 - y.cell(value, kRows); };
  for (std::size_t i = 1; i < dots.size(); ++i) {
    const Dot& one = dots[i - 1];
    const Dot& other = dots[i];
    if (one.series != other.series) {
      continue;
    }
    for (std::size_t step = 0; step <= width; ++step) {
      const double part = static_cast<double>(step) / static_cast<double>(width);
      rows[row_of(one.y + part * (other.y - one.y))]
          [x.cell(one.x + part * (other.x - one.x), width)] = '.';
    }
  }
  for (const Dot& dot : dots) {
    rows[row_of(dot.y)][x.cell(dot.x, width)] = kMarks[dot.series % kMarks.size()];
  }
  return rows;
}

std::string curve_of(const ProgramFigures& program, const std::vector<Dot>& dots,
                     std::size_t columns) {
  const std::size_t width = std::max(columns, kFewest) - kMargin - 2;
  const Range x = range_of(dots, [](const Dot& dot) { return dot.x; });
  Range y = range_of(dots, [](const Dot& dot) { return dot.y; });
  y.low = std::min(y.low, 1.0);
  const std::vector<std::string> rows = drawn(dots, x, y, width);
  std::string text = fmt::format("{}: slow-down by {}\n\n", program.name, title_of(program.axis));
  for (std::size_t row = 0; row < kRows; ++row) {
    const double value =
        y.high - static_cast<double>(row) * (y.high - y.low) / static_cast<double>(kRows - 1);
    std::string line = row % 3 == 0 || row == kRows - 1
                           ? fmt::format("{:>7.2f}x |{}", value, rows[row])
                           : fmt::format("{:>8} |{}", "", rows[row]);
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  }
  const std::string left = position_text(x.low, program.axis);
  const std::string right = position_text(x.high, program.axis);
  text += std::string(kMargin, ' ') + '+' + std::string(width, '-') + '\n';
  text += std::string(kMargin + 1, ' ') + left;
  if (left.size() + right.size() < width) {
    text += std::string(width - left.size() - right.size(), ' ') + right;
  }
  text += '\n';
  for (std::size_t i = 0; i < program.series.size(); ++i) {
    text += fmt::format("{:>10} {}\n", kMarks[i % kMarks.size()], program.series[i]);
  }
  return text + '\n';
}

std::vector<Dot> dots_of(const ProgramFigures& program, const ReportData& data) {
  std::vector<Dot> dots;
  for (const Point& point : data.points) {
    const auto x = position(point, program.axis);
    if (point.program == program.name && point.native.empty() && x && point.slowdown) {
      const auto series = std::find(program.series.begin(), program.series.end(), point.series);
      dots.push_back(
          {*x, *point.slowdown, static_cast<std::size_t>(series - program.series.begin())});
    }
  }
  return dots;
}

using experiments::aligned;
using experiments::Rows;

std::string shown(std::optional<double> value, const char* unit = "") {
  return value ? fmt::format("{:.2f}{}", *value, unit) : "-";
}

std::string point_table(const ProgramFigures& program, const ReportData& data) {
  Rows rows = {{program.name, "", "runs", "seconds", "slow-down", "interval", "stalls s", ""}};
  for (const Point& point : data.points) {
    if (point.program != program.name) {
      continue;
    }
    const auto x = position(point, program.axis);
    std::vector<std::string> remarks = point.doubts;
    if (point.failed != 0) {
      remarks.insert(remarks.begin(), fmt::format("{} failed: {}", point.failed, point.problem));
    }
    rows.push_back({point.native.empty() ? point.series : "native " + point.native,
                    x ? position_text(*x, program.axis) : "", std::to_string(point.runs.size()),
                    point.runs.empty() ? "-" : fmt::format("{:.3f}", point.wall_s),
                    shown(point.slowdown, "x"),
                    point.slowdown ? fmt::format("{:.2f} .. {:.2f}", point.slowdown_interval.low,
                                                 point.slowdown_interval.high)
                                   : "-",
                    shown(point.stall_s), fmt::format("{}", fmt::join(remarks, "; "))});
  }
  return aligned(rows, 2) + '\n';
}

std::string prediction_table(const ReportData& data) {
  if (data.curves.empty()) {
    return {};
  }
  Rows rows = {{"predicted", "local pages", "share", "misses", "ratio", "opt", "slow-down"}};
  for (const Curve& curve : data.curves) {
    for (const Prediction& point : curve.points) {
      rows.push_back({curve.policy, std::to_string(point.local_pages),
                      fmt::format("{:.1f} %", 100 * point.share), std::to_string(point.misses),
                      fmt::format("{:.4f}", point.miss_ratio), std::to_string(point.opt_misses),
                      shown(point.slowdown, "x") + (point.good ? "" : " extrapolated")});
    }
  }
  return aligned(rows, 1) + '\n';
}

}  // namespace

std::string to_text(const ReportData& data, std::size_t columns) {
  std::string text;
  for (const ProgramFigures& program : data.programs) {
    const std::vector<Dot> dots = dots_of(program, data);
    if (dots.size() > 1 && program.axis != Axis::kNone) {
      text += curve_of(program, dots, columns);
    }
    text += point_table(program, data);
  }
  text += prediction_table(data);
  if (!data.points.empty()) {
    text +=
        "slow-down: median of each run divided by the native run of its pass. interval: holds the "
        "median with 95 % or more; with fewer than 6 runs it is their range.\n";
  }
  for (const Machine& machine : data.machines) {
    text += fmt::format("machine: {}", machine.name);
    if (machine.floor_high_ns != 0) {
      text += fmt::format("; a remote access takes at least {:.1f} us",
                          static_cast<double>(machine.floor_high_ns) / 1e3);
    }
    text += '\n';
  }
  for (const std::string& notice : data.notices) {
    text += "warning: " + notice + '\n';
  }
  return text;
}

}  // namespace dime::figures
