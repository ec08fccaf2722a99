// SPDX-License-Identifier: GPL-2.0
#include "cli/program_run.h"

#include <algorithm>
#include <csignal>
#include <iterator>
#include <string_view>

#include "base/environment.h"
#include "base/executable.h"
#include "cli/command.h"
#include "cli/engine_choice.h"
#include "cli/output.h"
#include "cli/run_report.h"
#include "report/json.h"
#include "report/summary.h"

namespace dime {
namespace {

constexpr const char* kNoLeaks = "detect_leaks=0";

// By somebody else, as far as one can tell.
bool was_killed(const ChildResult& child) {
  constexpr int kSignalBase = 128;
  constexpr int kByOthers[] = {SIGKILL, SIGTERM, SIGINT, SIGHUP};
  return std::find(std::begin(kByOthers), std::end(kByOthers), child.exit_status - kSignalBase) !=
         std::end(kByOthers);
}

/// What the sanitizers' run-time libraries do not bear. Whether their options forbid it, they may
/// know by other ways than the environment; so this refuses nothing.
void note_leak_check(const Sanitizers& sanitizers) {
  if (!sanitizers.leaks || environment_value("ASAN_OPTIONS").find(kNoLeaks) != std::string::npos ||
      environment_value("LSAN_OPTIONS").find(kNoLeaks) != std::string::npos) {
    return;
  }
  print_notice(
      fmt::format("the program looks for leaks at its end (LeakSanitizer), which fails or waits "
                  "for ever under emulation: set ASAN_OPTIONS={0}, or LSAN_OPTIONS={0}",
                  kNoLeaks));
}

}  // namespace

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

// Where the program came without "--" in front, a later "--" is its own.
Result<std::vector<std::string>> command_of(const CLI::App& app, const std::string& usage) {
  std::vector<std::string> words = app.remaining();
  if (const std::vector<std::string>* const behind = words_behind_dashes()) {
    if (!words.empty()) {
      words.emplace_back("--");
    }
    words.insert(words.end(), behind->begin(), behind->end());
  }
  if (words.empty()) {
    return fail_with_hint(usage, "no program to run");
  }
  if (!app.remaining().empty() && words.front().starts_with('-')) {
    return fail_with_hint(fmt::format("dime {} --help", app.get_name()), "unknown option {}",
                          words.front());
  }
  return words;
}

Result<void> check_command(ProgramPlan& plan, const EmulationOptions& options) {
  DIME_TRY(plan.engine, choose_engine(plan.request));
  if (auto able = plan.engine->check(plan.request); !able) {
    return tl::unexpected(options.located(able.error()));
  }
  DIME_TRY(plan.program, find_program(plan.command.front()));
  plan.request.inputs.push_back({"the program", plan.program});
  DIME_TRY_VOID(
      check_output({"--json", plan.request.json}, OutputKind::kText, plan.request.inputs));
  return plan.engine->check_program(plan.program);
}

// The file comes first: printing may end early, where nobody reads any more. Whatever cannot be
// written, the program has run, and its exit status is that of `dime`.
int report_program(const ChildResult& child, const ProgramPlan& plan, Session& session,
                   Sampler& sampler) {
  const auto view = session.view();
  if (!view) {
    return refuse(view.error(), kCannotEmulate);
  }
  RunResult result = collect_result(child, *plan.engine, *view, session.created(), plan.command);
  sampler.finish(result);
  if (!plan.request.json.empty()) {
    if (const auto written = write_json(plan.request.json, to_json(result)); !written) {
      print_error(written.error());
    }
  }
  print_quietly(summarize(result));
  constexpr int kFiltered = 128 + SIGSYS;
  if (child.exit_status == kFiltered && result.fault_path == "thread") {
    print_notice(
        "the program was ended by SIGSYS: a filter of system calls (seccomp) for all threads holds "
        "for the agent's, too: use --fault-path inline");
  }
  if (child.dumped_core && plan.engine->name() == std::string_view("user")) {
    print_notice(
        "pages that were remote are zeros in the core dump: dime detach before it is made");
  }
  return child.exit_status;
}

Result<ChildResult> run_program(Session& session, const ProgramPlan& plan, Sampler& sampler) {
  const auto tick = [&] {
    session.tick();
    sampler.tick();
  };
  const bool followed = plan.engine->name() == std::string_view("user");
  const Sanitizers sanitizers = followed ? sanitizers_of(plan.program) : Sanitizers{};
  note_leak_check(sanitizers);
  DIME_TRY(const ChildResult child,
           run_child(session.child_request(plan.program, plan.command), {tick, sampler.period()}));
  // A reader that went away must not cost the program's exit status.
  std::signal(SIGPIPE, SIG_IGN);  // NOLINT(cert-err33-c)
  if (auto joined = session.check_joined(child.pid); !joined) {
    if (was_killed(child)) {
      print_error(Error{0, "the program was killed before the agent had started in it", {}});
      return child;
    }
    joined.error().code = 0;  // the program itself has run
    if (sanitizers.address_library) {
      joined.error().hint = "AddressSanitizer: set ASAN_OPTIONS=verify_asan_link_order=0";
    }
    return tl::unexpected(joined.error());
  }
  return child;
}

}  // namespace dime
