// SPDX-License-Identifier: GPL-2.0
// dime run: everything is checked before anything starts; the summary comes whatever the end was.
#include <CLI/CLI.hpp>
#include <csignal>
#include <memory>

#include "cli/child.h"
#include "cli/command.h"
#include "cli/emulation_options.h"
#include "cli/instance_setup.h"
#include "cli/run_report.h"
#include "engines/user/control/directory.h"
#include "engines/user/control/environment.h"
#include "engines/user/control/members.h"
#include "engines/user/system/executable.h"
#include "report/json.h"
#include "report/summary.h"

namespace dime {
namespace {

struct RunOptions {
  EmulationOptions emulation;
  CLI::App* app = nullptr;  ///< holds the program and its arguments as what remained
};

int status_of(const Error& error) {
  switch (error.code) {
    case ENOENT:
      return kUnknownProgram;
    case EACCES:
    case ENOEXEC:
    case ELOOP:
      return kNotExecutable;
    default:
      return kCannotEmulate;
  }
}

int refuse(const Error& error, int status) {
  print_error(error);
  return status;
}

// What is behind the options. Where the program came without "--" in front, a later "--" is its
// own.
std::vector<std::string> command_of(const CLI::App& app) {
  std::vector<std::string> words = app.remaining();
  if (const std::vector<std::string>* const behind = words_behind_dashes()) {
    if (!words.empty()) {
      words.emplace_back("--");
    }
    words.insert(words.end(), behind->begin(), behind->end());
  }
  return words;
}

// The instance goes with its last member; what is still running keeps it.
void leave_instance(PreparedInstance& instance) {
  dime_control& control = *instance.block;
  reap_dead_members(control);
  control.owner_pid = instance.created ? 0 : control.owner_pid;
  if (is_stale(control)) {
    instance.block.remove();
    if (auto removed = remove_unused_links(); !removed) {
      print_error(removed.error());
    }
  }
}

int report(const ChildResult& child, const PreparedInstance& instance,
           const std::vector<std::string>& command, const std::string& json) {
  const RunResult result = collect_result(child, instance, command);
  fmt::print(stderr, "{}", summarize(result));
  if (json.empty()) {
    return child.exit_status;
  }
  if (auto written = write_json(json, to_json(result)); !written) {
    return refuse(written.error(), kCannotEmulate);
  }
  return child.exit_status;
}

struct Plan {
  EmulationRequest request;
  std::vector<std::string> command;
  std::string program;
  Companions companions;
};

// Everything that can be known beforehand. Error codes other than 0 are about the program.
Result<Plan> check(RunOptions& options) {
  Plan plan;
  plan.command = command_of(*options.app);
  if (plan.command.empty()) {
    return fail_with_mend("dime run [OPTIONS] -- PROGRAM [ARGS]", "no program to run");
  }
  if (!options.app->remaining().empty() && plan.command.front().starts_with('-')) {
    return fail_with_mend("dime run --help", "unknown option {}", plan.command.front());
  }
  DIME_TRY(plan.request, options.emulation.parse());
  DIME_CHECKED(check_writable(plan.request.json));
  DIME_TRY(plan.companions, find_companions());
  DIME_TRY(plan.program, find_program(plan.command.front()));
  DIME_TRY(const ProgramFacts facts, resolve_program(plan.program));
  DIME_CHECKED(check_followable(facts));
  return plan;
}

int run(RunOptions& options) {
  const auto plan = check(options);
  if (!plan) {
    return refuse(plan.error(), status_of(plan.error()));
  }
  auto instance = prepare_instance(plan->request, ::getpid());
  if (!instance) {
    return refuse(instance.error(), kCannotEmulate);
  }
  dime_control& control = *instance->block;
  const auto child =
      run_child({plan->program, plan->command,
                 environment_with_agent(plan->companions.agent, instance->block.path())},
                [&control] { reap_dead_members(control); });
  if (!child) {
    leave_instance(*instance);
    return refuse(child.error(), status_of(child.error()));
  }
  // A reader that went away must not cost the program's exit status.
  std::signal(SIGPIPE, SIG_IGN);  // NOLINT(cert-err33-c)
  const auto started = check_agent_started(control, child->pid);
  reap_dead_members(control);
  const int status = started ? report(*child, *instance, plan->command, plan->request.json)
                             : refuse(started.error(), kCannotEmulate);
  leave_instance(*instance);
  return status;
}

std::function<int()> register_run(CLI::App& app) {
  auto options = std::make_shared<RunOptions>();
  options->app = &app;
  options->emulation.add_to(app);
  app.prefix_command();
  app.footer("dime run [OPTIONS] -- PROGRAM [ARGS]: what follows -- is the program, as it is.");
  return [options] { return run(*options); };
}

}  // namespace

const Command kRunCommand = {
    "run", "run a program with part of its memory remote; print a summary at its end", register_run,
    kCannotEmulate};

}  // namespace dime
