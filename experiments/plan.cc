// SPDX-License-Identifier: GPL-2.0
#include "experiments/plan.h"

#include <fnmatch.h>

#include <algorithm>

#include "experiments/statistics.h"

namespace dime::experiments {
namespace {

// splitmix64 (Steele, Lea and Flood, OOPSLA 2014): the same order from every C++ library.
class Generator {
 public:
  explicit Generator(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    state_ += 0x9E3779B97F4A7C15u;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30u)) * 0xBF58476D1CE4E5B9u;
    mixed = (mixed ^ (mixed >> 27u)) * 0x94D049BB133111EBu;
    return mixed ^ (mixed >> 31u);
  }

 private:
  std::uint64_t state_;
};

void shuffle(std::vector<Point>& points, Generator& generator) {
  for (std::size_t left = points.size(); left > 1; --left) {
    std::swap(points[left - 1], points[generator.next() % left]);
  }
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts(1);
  for (const char letter : text) {
    if (letter == separator) {
      parts.emplace_back();
    } else {
      parts.back() += letter;
    }
  }
  return parts;
}

std::vector<std::string> keys_of(const Spec& spec) {
  std::vector<std::string> keys = {"program", "native"};
  for (const Axis& axis : spec.grid) {
    keys.push_back(axis.option);
  }
  return keys;
}

// None where the condition says nothing about such a point.
std::optional<std::string> value_of(const Point& point, const std::string& key, const Spec& spec) {
  if (key == "program") {
    return spec.programs[point.program].name;
  }
  if (key == "native") {
    return point.native ? std::optional<std::string>(name_of(*point.native)) : std::nullopt;
  }
  for (std::size_t i = 0; i < point.values.size(); ++i) {
    if (spec.grid[i].option == key) {
      return spec.grid[i].labels[point.values[i]];
    }
  }
  return std::nullopt;
}

}  // namespace

std::vector<std::string> Point::words(const Spec& spec) const {
  std::vector<std::string> all;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::vector<std::string>& own = spec.grid[i].words[values[i]];
    all.insert(all.end(), own.begin(), own.end());
  }
  return all;
}

std::string Point::text(const Spec& spec) const {
  std::string line = spec.programs[program].name;
  if (native) {
    return line + " native " + name_of(*native);
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    line += fmt::format(" {}={}", spec.grid[i].option, spec.grid[i].labels[values[i]]);
  }
  return line;
}

nlohmann::ordered_json Point::identity(const Spec& spec) const {
  nlohmann::ordered_json options = nlohmann::ordered_json::object();
  for (std::size_t i = 0; i < values.size(); ++i) {
    options[spec.grid[i].option] = spec.grid[i].labels[values[i]];
  }
  return {{"program", spec.programs[program].name},
          {"native", native ? nlohmann::ordered_json(name_of(*native)) : nullptr},
          {"point", std::move(options)}};
}

std::vector<Point> grid_points(const Spec& spec, std::size_t program) {
  std::vector<Point> points = {{program, std::nullopt, {}}};
  for (const Axis& axis : spec.grid) {
    std::vector<Point> longer;
    for (const Point& point : points) {
      for (std::size_t value = 0; value < axis.labels.size(); ++value) {
        longer.push_back(point);
        longer.back().values.push_back(value);
      }
    }
    points = std::move(longer);
  }
  return points;
}

std::vector<Point> all_points(const Spec& spec) {
  std::vector<Point> points;
  for (std::size_t program = 0; program < spec.programs.size(); ++program) {
    for (const Native native : spec.run.native) {
      points.push_back({program, native, {}});
    }
  }
  for (std::size_t program = 0; program < spec.programs.size(); ++program) {
    const std::vector<Point> own = grid_points(spec, program);
    points.insert(points.end(), own.begin(), own.end());
  }
  return points;
}

std::vector<Point> order_of_pass(std::vector<Point> points, unsigned pass, const RunRules& rules) {
  if (rules.shuffled) {
    Generator generator(rules.seed ^ (std::uint64_t{pass} << 32u));
    shuffle(points, generator);
  }
  if (pass == 1) {
    std::stable_partition(points.begin(), points.end(),
                          [](const Point& point) { return point.native.has_value(); });
  }
  return points;
}

Result<Selection> Selection::parse(const std::string& text, const Spec& spec) {
  Selection selection;
  if (text.empty()) {
    return selection;
  }
  const std::vector<std::string> keys = keys_of(spec);
  for (const std::string& part : split(text, ',')) {
    const std::size_t equal = part.find('=');
    if (equal == std::string::npos || equal == 0) {
      return fail(0,
                  "--only {}: '{}' is no condition; allowed: KEY=VALUE or KEY!=VALUE, with "
                  "commas between them and | between values",
                  text, part);
    }
    const bool wanted = part[equal - 1] != '!';
    const std::string key = part.substr(0, wanted ? equal : equal - 1);
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
      return fail(0, "--only {}: unknown key '{}'; allowed: {}", text, key,
                  fmt::format("{}", fmt::join(keys, ", ")));
    }
    selection.conditions_.push_back({key, wanted, split(part.substr(equal + 1), '|')});
  }
  const std::vector<Point> points = all_points(spec);
  if (std::none_of(
          points.begin(), points.end(),
          [&](const Point& point) { return !point.native && selection.matches(point, spec); }) &&
      std::none_of(selection.conditions_.begin(), selection.conditions_.end(),
                   [](const Condition& condition) { return condition.key == "native"; })) {
    return fail(0, "--only {}: no point is like that", text);
  }
  return selection;
}

bool Selection::matches(const Point& point, const Spec& spec) const {
  return std::all_of(conditions_.begin(), conditions_.end(), [&](const Condition& condition) {
    const std::optional<std::string> value = value_of(point, condition.key, spec);
    if (!value) {
      return point.native.has_value() || condition.key != "native" || !condition.wanted;
    }
    const bool found = std::any_of(condition.values.begin(), condition.values.end(),
                                   [&value](const std::string& pattern) {
                                     return ::fnmatch(pattern.c_str(), value->c_str(), 0) == 0;
                                   });
    return found == condition.wanted;
  });
}

bool Progress::failed() const {
  return std::any_of(done.begin(), done.end(), [](const auto& run) { return !run.second; });
}

bool needs_run(const RunRules& rules, const Progress& progress, unsigned repetition) {
  if (progress.failed() || progress.done.contains(repetition) || repetition > rules.most()) {
    return false;
  }
  if (!rules.precision || progress.wall_s.size() < rules.minimum) {
    return true;
  }
  const Interval interval = median_interval(progress.wall_s);
  return interval.coverage < kConfidence ||
         relative_error(median(progress.wall_s), interval) > *rules.precision;
}

}  // namespace dime::experiments
