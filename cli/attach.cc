// SPDX-License-Identifier: GPL-2.0
// dime attach: everything is checked before the first process is touched; all processes become
// members, or none does. With --json the command stays until the last of them has left, and
// reports.
#include "engines/user/inject/attach.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>

#include "cli/command.h"
#include "cli/emulation_options.h"
#include "cli/instance_setup.h"
#include "cli/pid_list.h"
#include "cli/run_report.h"
#include "core/atomic.h"
#include "engines/user/control/directory.h"
#include "engines/user/control/members.h"
#include "report/json.h"
#include "report/summary.h"

namespace dime {
namespace {

using Clock = std::chrono::steady_clock;

struct AttachOptions {
  EmulationOptions emulation;
  std::string pids;
};

struct Plan {
  EmulationRequest request;
  std::vector<pid_t> pids;
  std::vector<std::string> names;
  Companions companions;
};

Result<Plan> check(AttachOptions& options) {
  Plan plan;
  DIME_TRY(plan.pids, parse_pids(options.pids));
  DIME_TRY(plan.request, options.emulation.parse());
  DIME_CHECKED(check_writable(plan.request.json));
  DIME_TRY(plan.companions, find_companions());
  for (const pid_t pid : plan.pids) {
    DIME_CHECKED(check_attachable(pid));
    plan.names.push_back(command_name(pid).value_or(std::to_string(pid)));
  }
  return plan;
}

// All of them or, on an error, none.
Result<void> attach_all(const Plan& plan, const std::string& control_path) {
  for (std::size_t i = 0; i < plan.pids.size(); ++i) {
    auto attached = attach_process(plan.pids[i], plan.companions.agent, control_path);
    if (!attached) {
      Error error = attached.error();
      for (std::size_t undo = 0; undo < i; ++undo) {
        if (auto undone = detach_process(plan.pids[undo]); !undone) {
          error.message += fmt::format("; and {}", undone.error().message);
        }
      }
      return tl::unexpected(std::move(error));
    }
  }
  return {};
}

bool has_member(const dime_control& control, const std::vector<pid_t>& pids) {
  const auto members = live_members(control);
  return std::any_of(members.begin(), members.end(), [&](const dime_member* member) {
    return std::find(pids.begin(), pids.end(), static_cast<pid_t>(member->pid)) != pids.end();
  });
}

Result<void> report_at_end(const Plan& plan, const PreparedInstance& instance) {
  const auto begin = Clock::now();
  constexpr std::chrono::milliseconds kPause{100};
  while (has_member(*instance.block, plan.pids)) {
    std::this_thread::sleep_for(kPause);
  }
  reap_dead_members(*instance.block);
  ChildResult end;
  end.wall_s = std::chrono::duration<double>(Clock::now() - begin).count();
  const RunResult result = collect_result(end, instance, plan.names);
  fmt::print(stderr, "{}", summarize(result));
  return write_json(plan.request.json, to_json(result));
}

// Looking at all instances removes those that nothing keeps.
Result<void> remove_stale() {
  DIME_TRY([[maybe_unused]] const auto rest, open_instances());
  return {};
}

// Gives up the ownership that prepare_instance has noted: its members keep the instance.
Result<void> leave_instance(PreparedInstance& instance) {
  dime_control& control = *instance.block;
  auto self = static_cast<std::uint32_t>(::getpid());
  atomic::compare_exchange(control.owner_pid, self, std::uint32_t{0});
  return remove_stale();
}

Result<void> attach(const Plan& plan) {
  DIME_TRY(PreparedInstance instance, prepare_instance(plan.request, ::getpid()));
  auto result = attach_all(plan, instance.block.path());
  if (result && !plan.request.json.empty()) {
    result = report_at_end(plan, instance);
  }
  auto left = leave_instance(instance);
  return result ? left : result;
}

int run(AttachOptions& options) {
  const auto plan = check(options);
  if (!plan) {
    print_error(plan.error());
    return kUsage;
  }
  if (const auto attached = attach(*plan); !attached) {
    print_error(attached.error());
    return kFailure;
  }
  return kSuccess;
}

std::function<int()> register_attach(CLI::App& app) {
  auto options = std::make_shared<AttachOptions>();
  app.add_option("-p,--pid", options->pids, "processes to attach to: PID[,PID..]")->required();
  options->emulation.add_to(app);
  return [options] { return run(*options); };
}

}  // namespace

const Command kAttachCommand = {"attach", "emulate for processes that already run",
                                register_attach};

}  // namespace dime
