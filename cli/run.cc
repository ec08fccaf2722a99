// SPDX-License-Identifier: GPL-2.0
// dime run: everything is checked before anything starts; the summary comes whatever the end was.
#include <CLI/CLI.hpp>
#include <memory>

#include "cli/command.h"
#include "cli/emulation_options.h"
#include "cli/program_run.h"

namespace dime {
namespace {

struct RunOptions {
  EmulationOptions emulation;
  CLI::App* app = nullptr;  ///< holds the program and its arguments as what remained
};

// Error codes other than 0 are about the program.
Result<ProgramPlan> check(RunOptions& options) {
  ProgramPlan plan;
  DIME_TRY(plan.command, command_of(*options.app, "dime run [OPTIONS] -- PROGRAM [ARGS]"));
  DIME_TRY(plan.request, options.emulation.parse());
  DIME_TRY_VOID(check_command(plan, options.emulation));
  return plan;
}

// Runs the program in the session. Returns the exit status of `dime`.
int run_in(Session& session, const ProgramPlan& plan) {
  Sampler sampler(session, plan.request.interval);
  const auto child = run_program(session, plan, sampler);
  return child ? report_program(*child, plan, session, sampler)
               : refuse(child.error(), status_of(child.error()));
}

int run(RunOptions& options) {
  const auto plan = check(options);
  if (!plan) {
    return refuse(plan.error(), status_of(plan.error()));
  }
  const auto session = plan->engine->prepare(plan->request);
  if (!session) {
    return refuse(session.error(), kCannotEmulate);
  }
  const int status = run_in(**session, *plan);
  if (const auto left = (*session)->leave(); !left) {
    print_error(left.error());
  }
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
