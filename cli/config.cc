// SPDX-License-Identifier: GPL-2.0
// dime config: the manual's grammar, and its table.
#include <fmt/format.h>

#include <memory>

#include "cli/command.h"
#include "cli/engine_choice.h"
#include "control/members.h"
#include "core/config_string.h"
#include "core/config_table.h"
#include "core/local_set.h"
#include "core/parameters.h"

namespace dime {
namespace {

std::string table_of(const std::vector<InstanceView>& instances) {
  constexpr std::size_t kBytesPerRow = 128;
  constexpr std::size_t kBytesPerPid = 9;
  std::size_t bytes = kBytesPerRow;
  for (const InstanceView& instance : instances) {
    bytes += kBytesPerRow + kBytesPerPid * live_members(*instance.control).size();
  }
  std::string text(bytes, '\0');
  TextWriter out(text.data(), text.size());
  config::write_header(out);
  for (const InstanceView& instance : instances) {
    const dime_control& control = *instance.control;
    std::vector<std::uint32_t> pids;
    for (const dime_member* const member : live_members(control)) {
      pids.push_back(member->pid);
    }
    const dime_parameters& parameters = instance.parameters;
    config::write_row(out, {control.instance_id, parameters.latency_ns, parameters.bandwidth_bps,
                            limit_in_pages(parameters.local_npages, parameters.local_share,
                                           control.levels.managed_pages),
                            control.counters.page_fault_count, pids.data(),
                            static_cast<std::uint32_t>(pids.size())});
  }
  text.resize(std::min<std::size_t>(out.length(), text.size() - 1));
  return text;
}

int print_table(Engine& engine) {
  const auto instances = engine.instances();
  if (!instances) {
    print_error(instances.error());
    return kFailure;
  }
  fmt::print("{}", table_of(*instances));
  return kSuccess;
}

int configure(Engine& engine, const std::string& text) {
  if (auto applied = engine.configure(text); !applied) {
    print_error(applied.error());
    return applied.error().code == EINVAL ? kUsage : kFailure;
  }
  return kSuccess;
}

struct ConfigOptions {
  std::vector<std::string> words;
  EngineOption engine;
};

bool has_instances(Engine& engine) {
  const auto instances = engine.instances();
  return instances && !instances->empty();
}

// The engine that has the instance; a string without an id is refused by any.
Result<std::unique_ptr<Engine>> engine_for(const EngineOption& option, const std::string& text) {
  auto plan = std::make_unique<config::Plan>();
  [[maybe_unused]] const config::Error error = config::parse(text, *plan);
  return option.one_where([&plan](Engine& engine) {
    return plan->has(config::Key::kInstanceId) && has_instance(engine, plan->instance_id);
  });
}

int run(const ConfigOptions& options) {
  const std::string text = fmt::format("{}", fmt::join(options.words, " "));
  const auto engine = options.words.empty() ? options.engine.one_where(has_instances)
                                            : engine_for(options.engine, text);
  if (!engine) {
    print_error(engine.error());
    return kFailure;
  }
  return options.words.empty() ? print_table(**engine) : configure(**engine, text);
}

std::string keys_help() {
  std::string text = "Keys, and what is allowed:\n";
  for (const config::Parameter& row : config::kParameters) {
    text += fmt::format("  {:<26}  {}\n", row.name, row.allowed);
  }
  return text;
}

std::function<int()> register_config(CLI::App& app) {
  auto options = std::make_shared<ConfigOptions>();
  app.add_option(
      "STRING", options->words,
      "key=value words, as in instance_id=0 latency_ns=10000 local_npages=2000 pid=1234; "
      "without it, the table of instances is printed");
  options->engine.add_to(app);
  app.footer(keys_help());
  return [options] { return run(*options); };
}

}  // namespace

const Command kConfigCommand = {"config", "change instances, or print their table",
                                register_config};

}  // namespace dime
