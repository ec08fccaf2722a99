// SPDX-License-Identifier: GPL-2.0
// The curve of a program as an SVG drawing.
#include <algorithm>
#include <array>
#include <cmath>

#include "report/figures/export.h"

namespace dime::figures {
namespace {

constexpr double kWidth = 760;
constexpr double kHeight = 460;
constexpr double kLeft = 64;
constexpr double kRight = 24;
constexpr double kTop = 48;
constexpr double kBottom = 56;
constexpr double kLegendRow = 20;
// The colours of the page (report/web/src/figure.js).
constexpr std::array kColours = {"#2f7ed8", "#d0581a", "#2a9461", "#a95bc7",
                                 "#a47c12", "#d14b74", "#3590a3", "#7a7f87"};

std::string escaped(const std::string& text) {
  std::string safe;
  for (const char c : text) {
    switch (c) {
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '&':
        safe += "&amp;";
        break;
      case '"':
        safe += "&quot;";
        break;
      default:
        // Control characters have no form in XML.
        safe += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
    }
  }
  return safe;
}

struct Scale {
  double low;
  double high;
  double from;
  double to;
  [[nodiscard]] double at(double value) const {
    return from + (value - low) / (high - low) * (to - from);
  }
};

// Steps of 1, 2 or 5 times a power of ten, about `count` of them.
double step_of(double range, double count) {
  const double power = std::pow(10, std::floor(std::log10(range / count)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (range / (factor * power) <= count) {
      return factor * power;
    }
  }
  return 10 * power;
}

Scale widened(double low, double high, double from, double to) {
  if (high <= low) {
    high = low + (low == 0 ? 1 : std::abs(low) / 10);
  }
  const double step = step_of(high - low, 8);
  return {std::floor(low / step) * step, std::ceil(high / step) * step, from, to};
}

std::string ticks(const Scale& scale, Axis axis) {
  std::string text;
  const double step = step_of(scale.high - scale.low, 8);
  for (double value = scale.low; value <= scale.high + step / 2; value += step) {
    const double x = scale.at(value);
    text += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{}</text>\n", x,
                        kHeight - kBottom + 20, position_text(value, axis));
  }
  return text;
}

std::string grid(const Scale& scale) {
  std::string text;
  const double step = step_of(scale.high - scale.low, 8);
  for (double value = scale.low; value <= scale.high + step / 2; value += step) {
    const double y = scale.at(value);
    text += fmt::format(
        "<line x1=\"{}\" x2=\"{}\" y1=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"#d3d9e1\"/>\n"
        "<text x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">{:.4g}</text>\n",
        kLeft, kWidth - kRight, y, y, kLeft - 8, y + 4, value);
  }
  return text;
}

std::string line_of(const std::vector<const Point*>& points, Axis axis, const Scale& x,
                    const Scale& y, const char* colour) {
  std::string path;
  std::string marks;
  for (const Point* const point : points) {
    const double at = x.at(*position(*point, axis));
    path += fmt::format("{}{:.1f},{:.1f}", path.empty() ? "M" : "L", at, y.at(*point->slowdown));
    marks += fmt::format(
        "<line x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1:.1f}\" y2=\"{2:.1f}\" stroke=\"{3}\" "
        "stroke-width=\"2\" stroke-opacity=\"0.6\"/>\n"
        "<circle cx=\"{0:.1f}\" cy=\"{4:.1f}\" r=\"4\" fill=\"{3}\"/>\n",
        at, y.at(point->slowdown_interval.low), y.at(point->slowdown_interval.high), colour,
        y.at(*point->slowdown));
  }
  return fmt::format("<path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\"/>\n{}", path,
                     colour, marks);
}

}  // namespace

std::string to_svg(const ReportData& data, const ProgramFigures& program) {
  std::vector<const Point*> points;
  for (const Point& point : data.points) {
    if (point.program == program.name && point.native.empty() && point.slowdown &&
        position(point, program.axis)) {
      points.push_back(&point);
    }
  }
  if (points.size() < 2 || program.axis == Axis::kNone) {
    return {};
  }
  double left = *position(*points.front(), program.axis);
  double right = left;
  double low = 1;
  double high = 1;
  for (const Point* const point : points) {
    left = std::min(left, *position(*point, program.axis));
    right = std::max(right, *position(*point, program.axis));
    low = std::min(low, point->slowdown_interval.low);
    high = std::max(high, point->slowdown_interval.high);
  }
  // Less local memory, and so more trouble, is to the right.
  Scale x = widened(left, right, kLeft + 12, kWidth - kRight - 12);
  if (program.axis == Axis::kLocal) {
    std::swap(x.from, x.to);
  }
  const Scale y = widened(low, high, kHeight - kBottom, kTop);
  const double legend = kLegendRow * static_cast<double>(program.series.size());
  const std::string title =
      fmt::format("Slow-down of {} by {}", escaped(program.name), title_of(program.axis));
  std::string text = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {}\" role=\"img\" "
      "font-family=\"sans-serif\" font-size=\"13\" fill=\"#1a1f27\">\n<title>{}</title>\n"
      "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n"
      "<text x=\"{}\" y=\"24\" font-size=\"16\">{}</text>\n{}{}",
      kWidth, kHeight + legend, title, kLeft, title, grid(y), ticks(x, program.axis));
  text += fmt::format("<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n",
                      (kLeft + kWidth - kRight) / 2, kHeight - 12, title_of(program.axis));
  for (std::size_t i = 0; i < program.series.size(); ++i) {
    const char* const colour = kColours[i % kColours.size()];
    std::vector<const Point*> line;
    std::copy_if(points.begin(), points.end(), std::back_inserter(line),
                 [&](const Point* point) { return point->series == program.series[i]; });
    if (!line.empty()) {
      text += line_of(line, program.axis, x, y, colour);
    }
    const double row = kHeight + kLegendRow * static_cast<double>(i);
    text += fmt::format(
        "<rect x=\"{}\" y=\"{}\" width=\"16\" height=\"4\" fill=\"{}\"/>\n"
        "<text x=\"{}\" y=\"{}\">{}</text>\n",
        kLeft, row, colour, kLeft + 24, row + 7, escaped(program.series[i]));
  }
  return text + "</svg>\n";
}

}  // namespace dime::figures
