// SPDX-License-Identifier: GPL-2.0
// dime status: what the control blocks say now.
#include <fmt/format.h>

#include <memory>

#include "cli/command.h"
#include "cli/version.h"
#include "core/quantity.h"
#include "engines/user/control/directory.h"
#include "engines/user/control/members.h"
#include "report/json.h"

namespace dime {
namespace {

using Json = nlohmann::ordered_json;

const char* state_name(std::uint32_t state) {
  constexpr const char* kNames[] = {"free", "starting", "active", "leaving", "detached", "ended"};
  return state < std::size(kNames) ? kNames[state] : "unknown";
}

// A live snapshot, with the named link's figures where there is one.
RunResult snapshot(const ControlBlock& block) {
  RunResult result;
  result.parameters = block.parameters();
  const auto named = result.parameters.link[0] != '\0' ? read_link(result.parameters.link)
                                                       : Result<dime_link>(block->link);
  read_block(*block, named ? *named : dime_link{}, result);
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

Json instance_json(const ControlBlock& block) {
  const RunResult now = snapshot(block);
  Json members = Json::array();
  for (const dime_member* const member : live_members(*block)) {
    members.push_back(member_json(*member));
  }
  Json config = to_json(now.parameters, now.stall.target_ns);
  add_network(config, now.network);
  return {{"instance_id", block.id()},
          {"config", std::move(config)},
          {"faults",
           {{"total", now.counters.faults_first_touch + now.counters.faults_remote},
            {"first_touch", now.counters.faults_first_touch},
            {"remote", now.counters.faults_remote},
            {"joined", now.counters.faults_joined}}},
          {"page_fault_count", now.counters.page_fault_count},
          {"evictions",
           {{"clean", now.counters.evictions_clean},
            {"dirty", now.counters.evictions_dirty},
            {"refused", now.counters.evictions_refused}}},
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

void print_instance(const ControlBlock& block) {
  const RunResult now = snapshot(block);
  const dime_parameters& parameters = now.parameters;
  fmt::print("instance {}: local {}, latency {}, bandwidth {}, policy {}{}{}\n", block.id(),
             format_local({parameters.local_npages, parameters.local_share}).c_str(),
             format_time({parameters.latency_ns}).c_str(),
             format_bandwidth({parameters.bandwidth_bps}).c_str(), parameters.policy,
             parameters.link[0] == '\0' ? "" : ", link ", parameters.link);
  fmt::print("  faults  {} remote, {} first touch, {} joined; {} since the last reset\n",
             now.counters.faults_remote, now.counters.faults_first_touch,
             now.counters.faults_joined, now.counters.page_fault_count);
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
  for (const dime_member* const member : live_members(*block)) {
    fmt::print("  member  {} {} ({}): {} local, {} managed, {} remote accesses\n", member->pid,
               member->comm, state_name(member->state), member->local_pages, member->managed_pages,
               member->faults_remote);
  }
}

int show(bool json) {
  const auto blocks = open_instances();
  if (!blocks) {
    print_error(blocks.error());
    return kFailure;
  }
  if (json) {
    Json instances = Json::array();
    for (const ControlBlock& block : *blocks) {
      instances.push_back(instance_json(block));
    }
    const Json all = {
        {"schema", kResultSchema}, {"version", kVersion}, {"instances", std::move(instances)}};
    fmt::print("{}\n", all.dump(2, ' ', false, Json::error_handler_t::replace));
    return kSuccess;
  }
  for (const ControlBlock& block : *blocks) {
    print_instance(block);
  }
  if (blocks->empty()) {
    fmt::print("no instances\n");
  }
  return kSuccess;
}

std::function<int()> register_status(CLI::App& app) {
  auto json = std::make_shared<bool>(false);
  app.add_flag("--json", *json, "print JSON");
  return [json] { return show(*json); };
}

}  // namespace

const Command kStatusCommand = {"status", "instances with their parameters, counters and members",
                                register_status};

}  // namespace dime
