// SPDX-License-Identifier: GPL-2.0
#include "experiments/spec.h"

#include <algorithm>
#include <filesystem>
#include <regex>
#include <set>

#include "experiments/plan.h"
#include "experiments/spec_grid.h"
#include "experiments/toml_table.h"

namespace dime::experiments {
namespace {

constexpr std::uint64_t kMostRuns = 1'000;
constexpr const char* kScratch = "{scratch}";

template <class T>
void take(T& to, const std::optional<T>& from) {
  to = from.value_or(to);
}
void take(unsigned& to, const std::optional<std::uint64_t>& from) {
  to = from ? static_cast<unsigned>(*from) : to;
}

Result<void> read_command(const TomlTable& table, Program& program) {
  DIME_TRY(program.command, table.texts("command"));
  if (program.command.empty() || program.command.front().empty()) {
    return table.refuse("command", "a list of words, or a text for the shell");
  }
  program.name = std::filesystem::path(program.command.front()).filename();
  if (table.find("command")->is_string()) {
    program.name = program.command.front().substr(0, program.command.front().find(' '));
    program.command = {"/bin/sh", "-c", program.command.front()};
  }
  return {};
}

Result<void> read_environment(const std::string& path, const TomlTable& table, Program& program) {
  const toml::node* const node = table.find("environment");
  if (node == nullptr) {
    return {};
  }
  if (!node->is_table()) {
    return table.refuse("environment", "a table, as in { LC_ALL = \"C\" }");
  }
  const TomlTable inner(path, "program.environment", *node->as_table());
  for (const auto& [key, value] : *node->as_table()) {
    const std::string name(key.str());
    DIME_TRY(const std::optional<std::string> text, inner.text(name));
    program.environment[name] = *text;
  }
  return {};
}

// An expression without a group has no number to give.
Result<void> add_metric(const TomlTable& table, const std::string& key, const std::string& name,
                        Program& program) {
  DIME_TRY(const std::optional<std::string> expression, table.text(key));
  try {
    if (std::regex(*expression).mark_count() == 0) {
      return table.refuse(key, "a regular expression with a group, as in 'rate: ([0-9.]+)'");
    }
  } catch (const std::regex_error& problem) {
    return table.refuse(key, fmt::format("a regular expression ({})", problem.what()));
  }
  program.metrics.push_back({name, *expression});
  return {};
}

Result<void> read_metrics(const std::string& path, const TomlTable& table, Program& program) {
  const toml::node* const node = table.find("metric");
  if (node == nullptr) {
    return {};
  }
  if (const toml::table* const several = node->as_table()) {
    const TomlTable inner(path, "program.metric", *several);
    for (const auto& [key, expression] : *several) {
      const std::string name(key.str());
      DIME_TRY_VOID(add_metric(inner, name, name, program));
    }
    return {};
  }
  return add_metric(table, "metric", "metric", program);
}

Result<void> read_server(const TomlTable& table, Program& program) {
  DIME_TRY(const std::optional<std::string> client, table.text("client"));
  DIME_TRY(const std::optional<std::string> ready, table.text("ready"));
  DIME_TRY(const std::optional<double> limit, table.duration("ready-limit"));
  if (client.has_value() != ready.has_value()) {
    return table.refuse(client ? "ready" : "client",
                        client ? "a shell command that ends with status 0 once the server can be "
                                 "used"
                               : "a shell command that uses the server and is measured");
  }
  take(program.client, client);
  take(program.ready, ready);
  take(program.ready_limit_s, limit);
  return {};
}

Result<void> read_check(const TomlTable& table, Program& program) {
  DIME_TRY(const std::optional<std::string> check, table.text("check"));
  if (check && *check != "output" && *check != "none" &&
      (!check->starts_with("file:") || check->size() == std::strlen("file:"))) {
    return table.refuse("check", "\"output\", \"file:PATH\" or \"none\"");
  }
  program.check = check.value_or("none") == "none" ? "" : *check;
  return {};
}

Result<Program> read_program(const std::string& path, const toml::table& source) {
  const TomlTable table(path, "program", source);
  DIME_TRY_VOID(
      table.allow({"name", "command", "folder", "environment", "setup", "teardown", "before",
                   "client", "ready", "ready-limit", "exit-status", "metric", "check"}));
  Program program;
  DIME_TRY_VOID(read_command(table, program));
  DIME_TRY(const std::optional<std::string> name, table.text("name"));
  DIME_TRY(const std::optional<std::string> folder, table.text("folder"));
  DIME_TRY(const std::optional<std::string> setup, table.text("setup"));
  DIME_TRY(const std::optional<std::string> teardown, table.text("teardown"));
  DIME_TRY(const std::optional<std::string> before, table.text("before"));
  DIME_TRY(const std::optional<std::uint64_t> status, table.whole("exit-status", 0, 255));
  take(program.name, name);
  take(program.setup, setup);
  take(program.teardown, teardown);
  take(program.before, before);
  program.exit_status = static_cast<int>(status.value_or(0));
  program.folder = folder.value_or(".");
  if (!program.folder.starts_with(kScratch)) {
    const std::filesystem::path own = std::filesystem::absolute(path).parent_path();
    program.folder = (own / program.folder).lexically_normal();
  }
  DIME_TRY_VOID(read_environment(path, table, program));
  DIME_TRY_VOID(read_metrics(path, table, program));
  DIME_TRY_VOID(read_server(table, program));
  DIME_TRY_VOID(read_check(table, program));
  return program;
}

Result<std::vector<Program>> read_programs(const std::string& path, const toml::table& root) {
  std::vector<Program> programs;
  const toml::node* const node = root.get("program");
  if (node != nullptr && node->is_table()) {
    DIME_TRY(Program program, read_program(path, *node->as_table()));
    programs.push_back(std::move(program));
    return programs;
  }
  const toml::array* const list = node != nullptr ? node->as_array() : nullptr;
  if (list == nullptr || list->empty()) {
    return fail(0, "{}: [program] is missing; allowed: a table, or several as [[program]]", path);
  }
  std::set<std::string> names;
  for (const toml::node& entry : *list) {
    if (!entry.is_table()) {
      return fail(0, "{}program: allowed: a table, or several as [[program]]",
                  place_of(path, entry));
    }
    DIME_TRY(Program program, read_program(path, *entry.as_table()));
    if (!names.insert(program.name).second) {
      return fail(0, "{}program.name = '{}': taken; allowed: a name for each program",
                  place_of(path, entry), program.name);
    }
    programs.push_back(std::move(program));
  }
  return programs;
}

Result<std::vector<Native>> read_native(const TomlTable& table) {
  const toml::node* const node = table.find("native");
  if (node == nullptr) {
    return RunRules().native;
  }
  std::vector<Native> natives;
  if (const auto* const choice = node->as_boolean()) {
    return choice->get() ? RunRules().native : natives;
  }
  DIME_TRY(const std::vector<std::string> words, table.texts("native"));
  for (const std::string& word : words) {
    const auto known = {Native::kSmallPages, Native::kHugePages};
    const auto* const found = std::find_if(
        known.begin(), known.end(), [&word](Native native) { return word == name_of(native); });
    if (found == known.end() ||
        std::find(natives.begin(), natives.end(), *found) != natives.end()) {
      return table.refuse("native", "true, false, or a list of \"no-thp\" and \"thp\"");
    }
    natives.push_back(*found);
  }
  std::sort(natives.begin(), natives.end(), std::greater<>());
  return natives;
}

Result<RunRules> read_rules(const std::string& path, const toml::table& source) {
  const TomlTable table(path, "run", source);
  DIME_TRY_VOID(table.allow({"repetitions", "precision", "minimum", "maximum", "warm-up", "limit",
                             "native", "order", "seed"}));
  RunRules rules;
  DIME_TRY(const auto repetitions, table.whole("repetitions", 1, kMostRuns));
  DIME_TRY(rules.precision, table.percent("precision"));
  DIME_TRY(const auto minimum, table.whole("minimum", 1, kMostRuns));
  DIME_TRY(const auto maximum, table.whole("maximum", 1, kMostRuns));
  DIME_TRY(const auto warm_up, table.whole("warm-up", 0, kMostRuns));
  DIME_TRY(const auto limit, table.duration("limit"));
  DIME_TRY(const auto order, table.text("order"));
  DIME_TRY(const auto seed, table.whole("seed", 0, INT64_MAX));
  DIME_TRY(rules.native, read_native(table));
  if (repetitions && rules.precision) {
    return table.refuse("repetitions", "either repetitions or a precision");
  }
  for (const char* const key : {"minimum", "maximum"}) {
    if (table.find(key) != nullptr && !rules.precision) {
      return table.refuse(key, "only with a precision");
    }
  }
  take(rules.repetitions, repetitions);
  take(rules.maximum, maximum);
  rules.minimum = std::min(rules.minimum, rules.maximum);
  take(rules.minimum, minimum);
  take(rules.warm_up, warm_up);
  take(rules.limit_s, limit);
  take(rules.seed, seed);
  if (rules.minimum > rules.maximum) {
    return table.refuse("minimum", fmt::format("up to the maximum, {}", rules.maximum));
  }
  if (order && *order != "random" && *order != "grid") {
    return table.refuse("order", "\"random\" or \"grid\"");
  }
  rules.shuffled = order.value_or("random") == "random";
  return rules;
}

Result<SlurmRules> read_slurm(const std::string& path, const toml::table& source) {
  const TomlTable table(path, "slurm", source);
  DIME_TRY_VOID(table.allow({"points-per-task", "concurrent", "options"}));
  SlurmRules rules;
  DIME_TRY(const auto points, table.whole("points-per-task", 1, kMostPoints));
  DIME_TRY(const auto concurrent, table.whole("concurrent", 1, kMostRuns));
  DIME_TRY(rules.options, table.texts("options"));
  take(rules.points_per_task, points);
  take(rules.concurrent, concurrent);
  return rules;
}

// The axis that an error of `dime run` is about, for its line.
Error placed(const std::string& path, const Spec& spec, Error error) {
  const auto about = [&error](const Axis& axis) {
    const std::string option = "--" + axis.option;
    const std::size_t at = error.message.find(option);
    return at != std::string::npos &&
           (at + option.size() == error.message.size() ||
            std::string(" :=").find(error.message[at + option.size()]) != std::string::npos);
  };
  const auto axis = std::find_if(spec.grid.begin(), spec.grid.end(), about);
  error.message = axis == spec.grid.end() ? fmt::format("{}: [grid]: {}", path, error.message)
                                          : fmt::format("{}:{}: grid.{}: {}", path, axis->line,
                                                        axis->option, error.message);
  return error;
}

}  // namespace

const char* name_of(Native native) {
  return native == Native::kHugePages ? "thp" : "no-thp";
}

Result<Spec> read_spec(const std::string& path, const OptionCheck& check) {
  DIME_TRY(const toml::table root, read_toml(path));
  for (const auto& [key, node] : root) {
    const bool known = key == "program" || key == "grid" || key == "run" || key == "slurm";
    if (!known || (key != "program" && !node.is_table())) {
      return fail(0, "{}unknown key '{}'; allowed: [program], [grid], [run] and [slurm]",
                  place_of(path, node), std::string(key.str()));
    }
  }
  Spec spec;
  DIME_TRY(spec.programs, read_programs(path, root));
  DIME_TRY(spec.grid, read_grid(path, root));
  if (const toml::node* const run = root.get("run")) {
    DIME_TRY(spec.run, read_rules(path, *run->as_table()));
  }
  if (const toml::node* const slurm = root.get("slurm")) {
    DIME_TRY(spec.slurm, read_slurm(path, *slurm->as_table()));
  }
  for (const Program& program : spec.programs) {
    if (!program.check.empty() && spec.run.native.empty()) {
      return fail(0,
                  "{}: program.check: there is no native run to compare with; allowed: "
                  "run.native = true, or no check",
                  path);
    }
  }
  for (const Point& point : grid_points(spec, 0)) {
    if (auto good = check(point.words(spec)); !good) {
      return tl::unexpected(placed(path, spec, good.error()));
    }
  }
  return spec;
}

}  // namespace dime::experiments
