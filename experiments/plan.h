// SPDX-License-Identifier: GPL-2.0
// Which runs a sweep has, and in which order.
//
// A pass is one run of each point that still needs one. Passes follow each other, so that after the
// first of them there is a rough picture of everything, and a machine that gets slower slows all
// points down alike. In each pass the order is another one, drawn from the seed; native runs come
// first in the first pass, because they are what outputs are compared with.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "experiments/spec.h"

namespace dime::experiments {

/// What is measured: a program natively, or with one value of each option.
struct Point {
  std::size_t program = 0;
  std::optional<Native> native;
  std::vector<std::size_t> values;  ///< by axis; empty where native

  /// The options of `dime run`.
  [[nodiscard]] std::vector<std::string> words(const Spec& spec) const;
  /// "sort local=50% latency=20us", "sort native no-thp".
  [[nodiscard]] std::string text(const Spec& spec) const;
  /// What stands in a result: program, native (or null) and point; equal where the points are.
  [[nodiscard]] nlohmann::ordered_json identity(const Spec& spec) const;
};

/// Of one program, the last option's values alternating fastest.
std::vector<Point> grid_points(const Spec& spec, std::size_t program);

/// Of all programs, native ones first.
std::vector<Point> all_points(const Spec& spec);

/// The points in the order of a pass, which are counted from 1.
std::vector<Point> order_of_pass(std::vector<Point> points, unsigned pass, const RunRules& rules);

/// Conditions on points: "local=25%|50%,latency!=5us,program=sort,native=no-thp"; all must hold.
/// Values may have * and ?. A native point has no options: conditions on them leave it in, because
/// it is what the chosen points are compared with.
class Selection {
 public:
  static Result<Selection> parse(const std::string& text, const Spec& spec);
  [[nodiscard]] bool matches(const Point& point, const Spec& spec) const;

 private:
  struct Condition {
    std::string key;
    bool wanted;
    std::vector<std::string> values;
  };
  std::vector<Condition> conditions_;
};

/// How often a point was run, as far as the plan needs to know.
struct Progress {
  std::vector<double> wall_s;     ///< of the runs that count
  std::map<unsigned, bool> done;  ///< by repetition: whether its last run counts
  [[nodiscard]] bool failed() const;
};

/// Whether the point needs its run number `repetition`, counted from 1. A point with a failed run
/// gets no further ones.
bool needs_run(const RunRules& rules, const Progress& progress, unsigned repetition);

}  // namespace dime::experiments
