// SPDX-License-Identifier: GPL-2.0
// The table at the end of a sweep: for each point the median and how well it is known.
#pragma once

#include <string>
#include <vector>

#include "experiments/plan.h"
#include "experiments/record.h"
#include "experiments/spec.h"
#include "experiments/statistics.h"

namespace dime::experiments {

/// The figures of one point.
struct PointFigures {
  Point point;
  std::size_t runs = 0;  ///< that count
  double wall_s = 0;     ///< median
  Interval wall_interval;
  /// Of the quotients of each run and the native run without huge pages of the same pass.
  std::size_t pairs = 0;
  double slowdown = 0;
  Interval slowdown_interval;
  std::map<std::string, double> metrics;  ///< medians
  std::vector<std::string> doubts;        ///< what makes the number weak
  std::string problem;                    ///< of the last run that failed
};

/// For each of the points that has a record.
std::vector<PointFigures> figures_of(const Spec& spec, const std::vector<Point>& points,
                                     const std::vector<Record>& records);

/// Lines of text with a newline behind each; says what the interval is.
std::string table_of(const Spec& spec, const std::vector<PointFigures>& figures);

}  // namespace dime::experiments
