// SPDX-License-Identifier: GPL-2.0
// dime run: everything is checked before anything starts; the summary comes whatever the end was.
#include <CLI/CLI.hpp>
#include <csignal>
#include <memory>

#include "base/executable.h"
#include "cli/child.h"
#include "cli/command.h"
#include "cli/emulation_options.h"
#include "cli/engine_choice.h"
#include "cli/output.h"
#include "cli/run_report.h"
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

struct Plan {
  EmulationRequest request;
  std::vector<std::string> command;
  std::string program;
  std::unique_ptr<Engine> engine;
};

// Everything that can be known beforehand. Error codes other than 0 are about the program.
Result<Plan> check(RunOptions& options) {
  Plan plan;
  plan.command = command_of(*options.app);
  if (plan.command.empty()) {
    return fail_with_hint("dime run [OPTIONS] -- PROGRAM [ARGS]", "no program to run");
  }
  if (!options.app->remaining().empty() && plan.command.front().starts_with('-')) {
    return fail_with_hint("dime run --help", "unknown option {}", plan.command.front());
  }
  DIME_TRY(plan.request, options.emulation.parse());
  DIME_TRY_VOID(check_writable(plan.request.json));
  DIME_TRY(plan.engine, choose_engine(plan.request));
  if (auto able = plan.engine->check(plan.request); !able) {
    return tl::unexpected(options.emulation.located(able.error()));
  }
  DIME_TRY(plan.program, find_program(plan.command.front()));
  DIME_TRY_VOID(plan.engine->check_program(plan.program));
  return plan;
}

// The file comes first: printing may end early, where nobody reads any more. Whatever cannot be
// written, the program has run, and its exit status is that of `dime`.
int report(const ChildResult& child, const Plan& plan, Session& session) {
  const auto view = session.view();
  if (!view) {
    return refuse(view.error(), kCannotEmulate);
  }
  const RunResult result =
      collect_result(child, *plan.engine, *view, session.created(), plan.command);
  if (!plan.request.json.empty()) {
    if (const auto written = write_json(plan.request.json, to_json(result)); !written) {
      print_error(written.error());
    }
  }
  print_quietly(summarize(result));
  return child.exit_status;
}

// Runs the program in the session. Returns the exit status of `dime`.
int run_in(Session& session, const Plan& plan) {
  const auto child =
      run_child(session.child_request(plan.program, plan.command), [&session] { session.tick(); });
  if (!child) {
    return refuse(child.error(), status_of(child.error()));
  }
  // A reader that went away must not cost the program's exit status.
  std::signal(SIGPIPE, SIG_IGN);  // NOLINT(cert-err33-c)
  if (const auto joined = session.check_joined(child->pid); !joined) {
    return refuse(joined.error(), kCannotEmulate);
  }
  return report(*child, plan, session);
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
