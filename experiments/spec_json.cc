// SPDX-License-Identifier: GPL-2.0
#include "experiments/spec.h"

namespace dime::experiments {
namespace {

using Json = nlohmann::ordered_json;

Json to_json(const Program& program) {
  Json metrics = Json::object();
  for (const Metric& metric : program.metrics) {
    metrics[metric.name] = metric.expression;
  }
  return {{"name", program.name},
          {"command", program.command},
          {"folder", program.folder},
          {"environment", program.environment},
          {"setup", program.setup},
          {"teardown", program.teardown},
          {"before", program.before},
          {"client", program.client},
          {"ready", program.ready},
          {"ready_limit_s", program.ready_limit_s},
          {"metric", std::move(metrics)},
          {"check", program.check},
          {"exit_status", program.exit_status}};
}

Json to_json(const RunRules& rules) {
  Json natives = Json::array();
  for (const Native native : rules.native) {
    natives.push_back(name_of(native));
  }
  Json json = {{"warm_up", rules.warm_up},
               {"limit_s", rules.limit_s},
               {"native", std::move(natives)},
               {"order", rules.shuffled ? "random" : "grid"},
               {"seed", rules.seed}};
  if (rules.precision) {
    json["precision"] = *rules.precision;
    json["minimum"] = rules.minimum;
    json["maximum"] = rules.maximum;
  } else {
    json["repetitions"] = rules.repetitions;
  }
  return json;
}

}  // namespace

Json to_json(const Spec& spec) {
  Json programs = Json::array();
  for (const Program& program : spec.programs) {
    programs.push_back(to_json(program));
  }
  Json grid = Json::object();
  for (const Axis& axis : spec.grid) {
    grid[axis.option] = axis.labels;
  }
  return {{"program", std::move(programs)}, {"grid", std::move(grid)}, {"run", to_json(spec.run)}};
}

std::string difference(const Json& before, const Json& now) {
  if (before == now) {
    return {};
  }
  const auto inside = [](const std::string& key, const std::string& inner) {
    return inner.starts_with(':') ? key + inner : key + '.' + inner;
  };
  if (before.is_object() && now.is_object()) {
    for (const auto& [key, value] : before.items()) {
      const Json other = now.contains(key) ? now[key] : Json();
      if (const std::string inner = difference(value, other); !inner.empty()) {
        return inside(key, inner);
      }
    }
    for (const auto& [key, value] : now.items()) {
      if (!before.contains(key)) {
        return inside(key, difference(Json(), value));
      }
    }
  }
  if (before.is_array() && now.is_array() && before.size() == now.size()) {
    for (std::size_t i = 0; i < now.size(); ++i) {
      if (const std::string inner = difference(before[i], now[i]); !inner.empty()) {
        return inner;
      }
    }
  }
  return fmt::format(": {}, now {}", before.dump(), now.dump());
}

}  // namespace dime::experiments
