// SPDX-License-Identifier: GPL-2.0
// dime status: what the instances say now.
#include <fmt/format.h>

#include <memory>

#include "base/printable.h"
#include "cli/command.h"
#include "cli/engine_choice.h"
#include "cli/follow.h"
#include "cli/sampler.h"
#include "cli/version.h"
#include "control/directory.h"
#include "control/members.h"
#include "core/quantity.h"
#include "report/json.h"
#include "report/summary.h"

namespace dime {
namespace {

using Json = nlohmann::ordered_json;

const char* state_name(std::uint32_t state) {
  constexpr const char* kNames[] = {"free", "starting", "active", "leaving", "detached", "ended"};
  return state < std::size(kNames) ? kNames[state] : "unknown";
}

RunResult result_of(const InstanceView& instance) {
  RunResult result;
  result.parameters = instance.parameters;
  read_block(*instance.control, instance.link, result);
  return result;
}

Json member_json(const dime_member& member) {
  return {{"pid", member.pid},
          {"comm", member.comm},
          {"state", state_name(member.state)},
          {"local_pages", member.local_pages},
          {"managed_pages", member.managed_pages},
          {"unmanaged_pages", member.unmanaged_pages},
          {"first_touch", member.faults_first_touch},
          {"remote", member.faults_remote},
          {"joined", member.faults_joined},
          {"evictions", member.evictions},
          {"stall_ns", member.stall_ns_sum}};
}

Json instance_json(const Engine& engine, const InstanceView& instance) {
  const RunResult now = result_of(instance);
  Json members = Json::array();
  for (const dime_member* const member : live_members(*instance.control)) {
    members.push_back(member_json(*member));
  }
  Json config =
      to_json(now.parameters, now.stall.target_ns, std::string_view(engine.name()) == "kernel");
  add_network(config, now.network);
  return {{"instance_id", now.instance_id},
          {"engine", engine.name()},
          {"config", std::move(config)},
          {"faults", faults_json(now.counters, now.tells_system_calls)},
          {"page_fault_count", now.counters.page_fault_count},
          {"evictions", evictions_json(now.counters)},
          {"prefetch", prefetch_json(now.counters)},
          {"pages",
           {{"local", now.levels.local_pages},
            {"managed", now.levels.managed_pages},
            {"unmanaged", now.levels.unmanaged_pages}}},
          {"stall_ns",
           {{"target", now.stall.target_ns},
            {"floor", now.stall.floor_ns},
            {"p50", now.stall.p50_ns},
            {"p99", now.stall.p99_ns},
            {"max", now.stall.max_ns}}},
          {"tiers", tiers_json(now)},
          {"rules", rules_json(now)},
          {"link", {{"bytes_rx", now.rx.bytes}, {"bytes_tx", now.tx.bytes}}},
          {"members", std::move(members)}};
}

void print_instance(const Engine& engine, const InstanceView& instance) {
  const RunResult now = result_of(instance);
  const dime_parameters& parameters = now.parameters;
  fmt::print("instance {} ({} engine): local {}, latency {}, bandwidth {}, policy {}{}{}\n",
             now.instance_id, engine.name(),
             format_local({parameters.local_npages, parameters.local_share}).c_str(),
             format_time({parameters.latency_ns}).c_str(),
             format_bandwidth({parameters.bandwidth_bps}).c_str(), parameters.policy,
             parameters.link[0] == '\0' ? "" : ", link ", parameters.link);
  fmt::print("  faults  {}; {} since the last reset\n", faults_text(now),
             now.counters.page_fault_count);
  fmt::print("  pages   {} local, {} managed, {} unmanaged\n", now.levels.local_pages,
             now.levels.managed_pages, now.levels.unmanaged_pages);
  fmt::print("  stall   target {}, p50 {}, p99 {}, max {}\n",
             format_time({now.stall.target_ns}).c_str(), format_time({now.stall.p50_ns}).c_str(),
             format_time({now.stall.p99_ns}).c_str(), format_time({now.stall.max_ns}).c_str());
  for (std::size_t i = 1; i < now.tiers.size(); ++i) {
    const TierUse& tier = now.tiers[i];
    fmt::print("  tier    {}: target {}, p50 {}, {} remote, {} first touch\n", tier.name,
               format_time({tier.stall.target_ns}).c_str(),
               format_time({tier.stall.p50_ns}).c_str(), tier.counters.faults_remote,
               tier.counters.faults_first_touch);
  }
  for (const dime_member* const member : live_members(*instance.control)) {
    fmt::print("  member  {} {} ({}): {} local, {} managed, {} remote accesses\n", member->pid,
               printable(member->comm), state_name(member->state), member->local_pages,
               member->managed_pages, member->faults_remote);
  }
}

struct Seen {
  std::unique_ptr<Engine> engine;
  std::vector<InstanceView> instances;
};

Result<std::vector<Seen>> look(const EngineOption& option) {
  DIME_TRY(std::vector<std::unique_ptr<Engine>> engines, option.all());
  std::vector<Seen> seen;
  for (std::unique_ptr<Engine>& engine : engines) {
    DIME_TRY(std::vector<InstanceView> instances, engine->instances());
    seen.push_back({std::move(engine), std::move(instances)});
  }
  return seen;
}

void print_json(const std::vector<Seen>& all) {
  Json instances = Json::array();
  for (const Seen& seen : all) {
    for (const InstanceView& view : seen.instances) {
      instances.push_back(instance_json(*seen.engine, view));
    }
  }
  const Json document = {
      {"schema", kResultSchema}, {"version", kVersion}, {"instances", std::move(instances)}};
  fmt::print("{}\n", document.dump(2, ' ', false, Json::error_handler_t::replace));
}

void print_text(const std::vector<Seen>& all) {
  bool none = true;
  for (const Seen& seen : all) {
    for (const InstanceView& view : seen.instances) {
      print_instance(*seen.engine, view);
      none = false;
    }
  }
  if (none) {
    fmt::print("no instances\n");
  }
}

struct StatusOptions {
  bool json = false;
  bool follow = false;
  std::string interval = "1s";
  std::uint64_t count = 0;
  EngineOption engine;
};

int show(const StatusOptions& options) {
  if (options.follow) {
    const auto interval = parse_interval(options.interval);
    if (!interval) {
      print_error(interval.error());
      return kUsage;
    }
    return follow(options.engine, {*interval, options.count, options.json});
  }
  const auto seen = look(options.engine);
  if (!seen) {
    print_error(seen.error());
    return kFailure;
  }
  options.json ? print_json(*seen) : print_text(*seen);
  for (const Error& error : unusable_instances()) {
    print_notice(error.message);
  }
  return kSuccess;
}

std::function<int()> register_status(CLI::App& app) {
  auto options = std::make_shared<StatusOptions>();
  app.add_flag("--json", options->json, "print JSON; with --follow, an object a line");
  CLI::Option* const follow =
      app.add_flag("--follow", options->follow, "print a line for each instance and interval");
  app.add_option("--interval", options->interval, "time between two lines of --follow")
      ->type_name("TIME")
      ->needs(follow);
  app.add_option("--count", options->count, "end --follow after so many intervals")
      ->type_name("N")
      ->check(CLI::PositiveNumber)
      ->needs(follow);
  options->engine.add_to(app);
  return [options] { return show(*options); };
}

}  // namespace

const Command kStatusCommand = {"status", "instances with their parameters, counters and members",
                                register_status};

}  // namespace dime
