// SPDX-License-Identifier: GPL-2.0
// Order of the steps: what can fail (creating, attaching) comes first and is undone on a failure;
// the parameters and the detaching, which cannot, come last.
#include "cli/config_apply.h"

#include <unistd.h>

#include <algorithm>
#include <vector>

#include "cli/command.h"
#include "cli/config_validator.h"
#include "cli/instance_setup.h"
#include "control/directory.h"
#include "control/members.h"
#include "core/atomic.h"
#include "core/config_string.h"
#include "core/link.h"
#include "core/quantity.h"
#include "engines/user/inject/attach.h"

namespace dime {
namespace {

using config::Key;

tl::unexpected<Error> refusal(const config::Error& error) {
  constexpr std::size_t kMostCharacters = 512;
  std::string line(kMostCharacters, '\0');
  const std::uint64_t length = config::describe(error, line.data(), line.size());
  line.resize(std::min<std::size_t>(length, line.size() - 1));
  if (error.reason == config::Reason::kNoSuchPolicy) {
    line += ": " + policy_names();
  }
  return tl::unexpected<Error>(Error{0, std::move(line), {}});
}

// Puts what the plan gives into `parameters`; what it does not give stays.
void change(dime_parameters& parameters, const config::Plan& plan) {
  if (plan.has(Key::kLatencyNs)) {
    parameters.latency_ns = plan.latency_ns;
  }
  if (plan.has(Key::kBandwidthBps)) {
    parameters.bandwidth_bps = plan.bandwidth_bps;
  }
  if (plan.has(Key::kLocalNpages)) {
    parameters.local_npages = plan.local_npages;
    parameters.local_share = 0;
  }
  if (plan.has(Key::kLocalShare)) {
    parameters.local_share = plan.local_share;
  }
  if (plan.has(Key::kPolicy)) {
    std::copy(std::begin(plan.policy), std::end(plan.policy), parameters.policy);
  }
  if (plan.has(Key::kLink)) {
    std::copy(std::begin(plan.link), std::end(plan.link), parameters.link);
  }
  if (plan.has(Key::kWait)) {
    parameters.wait = plan.wait;
  }
  if (plan.has(Key::kWritebackDepth)) {
    parameters.writeback_depth = plan.writeback_depth;
  }
  parameters.flags = (parameters.flags | plan.flags_on) & ~plan.flags_off;
}

NetworkRequest network_of(const config::Plan& plan) {
  NetworkRequest request;
  const auto given = [&](Key key) { return plan.given[static_cast<unsigned>(key)]; };
  if (plan.has(Key::kJitter)) {
    request.jitter = std::string(given(Key::kJitter).data, given(Key::kJitter).size);
  }
  if (plan.has(Key::kSeed)) {
    request.seed = plan.seed;
  }
  if (plan.has(Key::kFetchTimes)) {
    request.fetch_times = plan.fetch_times;
  }
  if (plan.has(Key::kSchedule)) {
    request.schedule = plan.schedule;
  }
  if (plan.has(Key::kOutageMaxNs)) {
    request.outage_max_ns = plan.outage_max_ns;
  }
  return request;
}

// The manual's strings know no floor: a stall below it is taken, and said.
void note_floor(dime_parameters& parameters, std::uint64_t floor_ns) {
  parameters.flags &= ~DIME_ALLOW_FLOOR;
  const Nanos stall = link::unloaded_stall(parameters);
  if (stall.value < floor_ns) {
    parameters.flags |= DIME_ALLOW_FLOOR;
    print_notice(fmt::format("a stall of {} is below the floor of {}: real stalls are longer",
                             format_time(stall).c_str(), format_time({floor_ns}).c_str()));
  }
}

Result<PreparedInstance> instance_for(const config::Plan& plan, std::vector<ControlBlock>& blocks) {
  for (ControlBlock& block : blocks) {
    if (block.id() == plan.instance_id) {
      return PreparedInstance{std::move(block), false};
    }
  }
  EmulationRequest request;
  request.parameters = default_parameters();
  change(request.parameters, plan);
  request.given = plan.has(Key::kLatencyNs) ? std::uint32_t{kGivenLatency} : 0;
  request.instance = plan.instance_id;
  request.allow_floor = true;
  request.keep = !plan.has(Key::kKeep) || plan.keep;
  request.only_thread_path = true;
  return prepare_instance(request, ::getpid());
}

std::vector<std::uint32_t> member_pids(const dime_control& control) {
  std::vector<std::uint32_t> pids;
  for (const dime_member* const member : live_members(control)) {
    pids.push_back(member->pid);
  }
  return pids;
}

struct Moves {
  std::vector<std::uint32_t> join;
  std::vector<std::uint32_t> leave;
};

Moves moves_for(const config::Plan& plan, const dime_control& control) {
  Moves moves;
  const std::vector<std::uint32_t> present = member_pids(control);
  const std::vector<std::uint32_t> listed(plan.pids, plan.pids + plan.pid_count);
  const auto is_in = [](const std::vector<std::uint32_t>& list, std::uint32_t pid) {
    return std::find(list.begin(), list.end(), pid) != list.end();
  };
  if (!plan.has(Key::kPid)) {
    return moves;
  }
  if (plan.pid_operation == config::PidOperation::kRemove) {
    moves.leave = listed;
    return moves;
  }
  std::copy_if(listed.begin(), listed.end(), std::back_inserter(moves.join),
               [&](std::uint32_t pid) { return !is_in(present, pid); });
  if (plan.pid_operation == config::PidOperation::kReplace) {
    std::copy_if(present.begin(), present.end(), std::back_inserter(moves.leave),
                 [&](std::uint32_t pid) { return !is_in(listed, pid); });
  }
  return moves;
}

Result<void> detach_all(const std::vector<std::uint32_t>& pids) {
  for (const std::uint32_t pid : pids) {
    DIME_TRY([[maybe_unused]] const auto outcome, detach_process(static_cast<pid_t>(pid)));
  }
  return {};
}

// All of them or, on an error, none.
Result<void> attach_all(const std::vector<std::uint32_t>& pids, const std::string& path) {
  DIME_TRY(const Companions companions, find_companions());
  for (std::size_t i = 0; i < pids.size(); ++i) {
    auto attached = attach_process(static_cast<pid_t>(pids[i]), companions.agent, path);
    if (!attached && attached.error().code != ESRCH) {
      Error error = attached.error();
      error.message = fmt::format("pid={}: {}", pids[i], error.message);
      if (auto undone = detach_all({pids.begin(), pids.begin() + static_cast<std::ptrdiff_t>(i)});
          !undone) {
        error.message += fmt::format("; and {}", undone.error().message);
      }
      return tl::unexpected(std::move(error));
    }
  }
  return {};
}

Result<void> remove_instance(ControlBlock& block) {
  DIME_TRY_VOID(detach_all(member_pids(*block)));
  block.remove();
  return remove_unused_links();
}

Result<void> change_parameters(ControlBlock& block, const config::Plan& plan) {
  dime_parameters parameters = block.parameters();
  change(parameters, plan);
  if (plan.has(Key::kLatencyNs) || plan.has(Key::kBandwidthBps) || plan.has(Key::kOneWay)) {
    note_floor(parameters, block->calibration.floor_ns);
  }
  const bool named = plan.has(Key::kLink) && plan.link[0] != '\0';
  if (named) {
    DIME_TRY_VOID(ensure_link(plan.link));
  }
  set_network(*block, network_of(plan));
  DIME_TRY_VOID(block.change_parameters(parameters));
  if (named) {
    // Somebody may have tidied up between the two steps, when no instance named it yet.
    DIME_TRY_VOID(ensure_link(plan.link));
  }
  if (plan.has(Key::kLink)) {
    return remove_unused_links();
  }
  return {};
}

}  // namespace

Result<void> apply_config(const std::string& text) {
  const Text slice{text.data(), static_cast<std::uint32_t>(text.size())};
  config::Plan plan;
  if (const config::Error error = config::parse(slice, plan); !error.ok()) {
    return refusal(error);
  }
  DIME_TRY(std::vector<ControlBlock> blocks, open_instances());
  UserValidator validator(blocks);
  if (const config::Error error = config::check(plan, slice, validator); !error.ok()) {
    return refusal(error);
  }
  if (plan.scope == DIME_SCOPE_ALL) {
    return fail(0, "scope=all: the user engine manages anonymous memory only; allowed: anon");
  }
  DIME_TRY(PreparedInstance instance, instance_for(plan, blocks));
  ControlBlock& block = instance.block;
  if (plan.remove) {
    return remove_instance(block);
  }
  const Moves moves = moves_for(plan, *block);
  if (auto attached = attach_all(moves.join, block.path()); !attached) {
    if (instance.created) {
      block.remove();
    }
    return attached;
  }
  DIME_TRY_VOID(change_parameters(block, plan));
  if (plan.has(Key::kKeep)) {
    atomic::store(block->keep, std::uint32_t{plan.keep});
  }
  if (plan.reset_page_fault_count) {
    atomic::store(block->counters.page_fault_count, std::uint64_t{0});
  }
  return detach_all(moves.leave);
}

}  // namespace dime
