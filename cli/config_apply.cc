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
#include "cli/policy_check.h"
#include "cli/prefetch_check.h"
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
    // It knows more about what is wrong with the policy.
    const std::string text(error.value.data, error.value.size);
    if (auto checked = check_policy("policy=", text, kUserEngineSees); !checked) {
      return tl::unexpected<Error>(checked.error());
    }
  }
  if (error.reason == config::Reason::kNoSuchPrefetcher) {
    const std::string text(error.value.data, error.value.size);
    if (auto checked = check_live_prefetcher("prefetch=", text); !checked) {
      return tl::unexpected<Error>(checked.error());
    }
  }
  return tl::unexpected<Error>(Error{EINVAL, std::move(line), {}});
}

// The manual's strings know no floor: a stall below it is taken, and said.
void note_floor(config::Plan& plan, const ControlBlock& block) {
  dime_parameters parameters = block.parameters();
  config::apply(plan, parameters);
  const Nanos stall = link::unloaded_stall(parameters);
  const std::uint64_t floor_ns = block->calibration.floor_ns;
  config::set_number(config::row_of(Key::kBelowFloor), plan, stall.value < floor_ns ? 1 : 0);
  if (stall.value < floor_ns) {
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
  request.plan = plan;
  request.allow_floor = true;
  request.only_thread_path = true;
  return prepare_instance(request, ::getpid());
}

std::vector<std::uint32_t> member_pids(const dime_control& control) {
  std::vector<std::uint32_t> pids;
  for (const dime_member* const member : live_members(control)) {
    pids.push_back(static_cast<std::uint32_t>(pid_here(*member)));
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

Result<void> change(ControlBlock& block, config::Plan& plan) {
  DIME_TRY(const ControlBlock::Writing writing, block.write());
  if ((plan.given & config::kStallKeys) != 0) {
    note_floor(plan, block);
  }
  const char* const link = plan.parameters.link;
  const bool named = plan.has(Key::kLink) && link[0] != '\0';
  if (named) {
    DIME_TRY_VOID(ensure_link(link));
  }
  block.apply(writing, plan);
  if (named) {
    // Somebody may have tidied up between the two steps, when no instance named it yet.
    DIME_TRY_VOID(ensure_link(link));
  }
  return plan.has(Key::kLink) ? remove_unused_links() : Result<void>();
}

}  // namespace

Result<void> apply_config(const std::string& text) {
  config::Plan plan;
  if (const config::Error error = config::parse(text, plan); !error.ok()) {
    return refusal(error);
  }
  DIME_TRY(std::vector<ControlBlock> blocks, open_instances());
  UserValidator validator(blocks);
  if (const config::Error error = config::check(plan, text, validator); !error.ok()) {
    return refusal(error);
  }
  DIME_TRY(PreparedInstance instance, instance_for(plan, blocks));
  ControlBlock& block = instance.block;
  if (plan.has(Key::kRemove)) {
    return remove_instance(block);
  }
  if (plan.pid_count != 0) {
    note_origin(*block);
  }
  const Moves moves = moves_for(plan, *block);
  if (auto attached = attach_all(moves.join, block.path()); !attached) {
    if (instance.created) {
      block.remove();
    }
    return attached;
  }
  DIME_TRY_VOID(change(block, plan));
  return detach_all(moves.leave);
}

}  // namespace dime
