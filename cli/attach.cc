// SPDX-License-Identifier: GPL-2.0
// dime attach: everything is checked before the first process is touched; all processes become
// members, or none does. With --json the command stays until the last of them has left, and
// reports.
#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>

#include "base/process.h"
#include "cli/command.h"
#include "cli/emulation_options.h"
#include "cli/engine_choice.h"
#include "cli/output.h"
#include "cli/pid_list.h"
#include "cli/run_report.h"
#include "cli/sampler.h"
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
  std::unique_ptr<Engine> engine;
};

Result<Plan> check(AttachOptions& options) {
  Plan plan;
  DIME_TRY(plan.pids, parse_pids(options.pids));
  DIME_TRY(plan.request, options.emulation.parse());
  if (plan.request.fault_path == "inline") {
    return fail_with_hint("start the program with dime run, or use --fault-path thread",
                          "--fault-path inline: only for programs that dime starts; allowed with "
                          "attach: auto or thread");
  }
  plan.request.only_thread_path = true;
  DIME_TRY_VOID(
      check_output({"--json", plan.request.json}, OutputKind::kText, plan.request.inputs));
  DIME_TRY(plan.engine, choose_engine(plan.request));
  if (auto able = plan.engine->check(plan.request); !able) {
    return tl::unexpected(options.emulation.located(able.error()));
  }
  for (const pid_t pid : plan.pids) {
    DIME_TRY_VOID(plan.engine->check_attachable(pid));
    plan.names.push_back(command_name(pid).value_or(std::to_string(pid)));
  }
  return plan;
}

bool share_one(const std::vector<pid_t>& some, const std::vector<pid_t>& others) {
  return std::find_first_of(some.begin(), some.end(), others.begin(), others.end()) != some.end();
}

Result<void> wait_for_members(const Plan& plan, Session& session, Sampler& sampler) {
  constexpr std::chrono::milliseconds kMostPause{100};
  const auto pause = std::min(kMostPause, sampler.period());
  DIME_TRY(std::vector<pid_t> members, session.members());
  while (share_one(members, plan.pids)) {
    std::this_thread::sleep_for(pause);
    sampler.tick();
    DIME_TRY(members, session.members());
  }
  return {};
}

Result<void> report_at_end(const Plan& plan, Session& session) {
  const auto begin = Clock::now();
  Sampler sampler(session, plan.request.interval);
  DIME_TRY_VOID(wait_for_members(plan, session, sampler));
  DIME_TRY(const InstanceView view, session.view());
  ChildResult end;
  end.wall_s = std::chrono::duration<double>(Clock::now() - begin).count();
  RunResult result = collect_result(end, *plan.engine, view, session.created(), plan.names);
  sampler.finish(result);
  const auto written = write_json(plan.request.json, to_json(result));
  print_quietly(summarize(result));
  return written;
}

Result<void> attach(const Plan& plan) {
  DIME_TRY(const std::unique_ptr<Session> session, plan.engine->prepare(plan.request));
  auto result = session->attach(plan.pids);
  if (result && !plan.request.json.empty()) {
    result = report_at_end(plan, *session);
  }
  auto left = session->leave();
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
