// SPDX-License-Identifier: GPL-2.0
// What a run does while it is timed: a program to its end, or a client of a server.
#include <algorithm>

#include "experiments/runner.h"

namespace dime::experiments {
namespace {

constexpr double kKillSeconds = 2;   // for a program to end after SIGTERM at its limit
constexpr double kStopSeconds = 10;  // for a server to end after SIGTERM
constexpr double kReadyPauseSeconds = 0.05;

}  // namespace

Result<void> Runner::run_command(const Program& program, const std::string& name,
                                 const std::string& command) {
  if (command.empty()) {
    return {};
  }
  ChildGroup group(watcher_, interrupt_);
  const ChildRequest request = shell_request(program, command, "command");
  DIME_TRY(Child child, group.start(request));
  switch (group.wait(child, spec_.run.limit_s)) {
    case Waited::kInterrupted:
      return fail(EINTR, "{} of {}", name, program.name);
    case Waited::kLimit:
      return fail(0, "{} of {} took longer than the limit of {} s", name, program.name,
                  spec_.run.limit_s);
    case Waited::kEnded:
      break;
  }
  if (child.exit_status != 0) {
    return fail(0, "{}",
                with_reason(fmt::format("{} of {} ended with status {}", name, program.name,
                                        child.exit_status),
                            request.err));
  }
  return {};
}

Result<void> Runner::measure_program(ChildGroup& group, const ChildRequest& request,
                                     Outcome& outcome) {
  auto child = group.start(request);
  if (!child) {
    outcome.fail_with(child.error().message);
    return {};
  }
  switch (group.wait(*child, spec_.run.limit_s)) {
    case Waited::kInterrupted:
      outcome.interrupted = true;
      return {};
    case Waited::kLimit:
      group.stop(*child, kKillSeconds);
      outcome.fail_with(fmt::format("killed at the time limit of {} s", spec_.run.limit_s));
      return {};
    case Waited::kEnded:
      break;
  }
  outcome.exit_status = child->exit_status;
  outcome.wall_s = child->wall_s;
  outcome.user_s = child->user_s;
  outcome.sys_s = child->sys_s;
  return {};
}

// True once the ready check ends with status 0 while the server runs.
Result<bool> Runner::await_ready(ChildGroup& group, Child& server, const Program& program,
                                 Outcome& outcome) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + std::chrono::duration<double>(program.ready_limit_s);
  for (;;) {
    DIME_TRY(Child check, group.start(shell_request(program, program.ready, "ready")));
    const std::chrono::duration<double> left = end - Clock::now();
    const Waited waited = group.wait(check, std::max(left.count(), 0.1));
    const Waited server_waited = waited == Waited::kInterrupted
                                     ? Waited::kInterrupted
                                     : group.wait(server, kReadyPauseSeconds);
    if (server_waited == Waited::kInterrupted) {
      outcome.interrupted = true;
      return false;
    }
    if (server_waited == Waited::kEnded) {
      outcome.exit_status = server.exit_status;
      outcome.fail_with(with_reason(
          fmt::format("the server ended with status {} before it was ready", server.exit_status),
          file("err")));
      return false;
    }
    if (waited == Waited::kEnded && check.exit_status == 0) {
      return true;
    }
    if (Clock::now() >= end) {
      outcome.fail_with(fmt::format("the server was not ready within {} s", program.ready_limit_s));
      return false;
    }
  }
}

Result<void> Runner::measure_client(ChildGroup& group, const ChildRequest& request,
                                    const Program& program, Outcome& outcome) {
  auto server = group.start(request);
  if (!server) {
    outcome.fail_with(server.error().message);
    return {};
  }
  DIME_TRY(const bool ready, await_ready(group, *server, program, outcome));
  if (!ready) {
    return {};
  }
  DIME_TRY(Child client, group.start(shell_request(program, program.client, "client")));
  const Waited waited = group.wait(client, spec_.run.limit_s);
  if (waited == Waited::kInterrupted) {
    outcome.interrupted = true;
    return {};
  }
  if (waited == Waited::kLimit) {
    outcome.fail_with(
        fmt::format("the client took longer than the limit of {} s", spec_.run.limit_s));
    return {};
  }
  outcome.exit_status = client.exit_status;
  outcome.wall_s = client.wall_s;
  outcome.user_s = client.user_s;
  outcome.sys_s = client.sys_s;
  group.stop(*server, kStopSeconds);
  outcome.server_exit_status = server->exit_status;
  return {};
}

Result<void> Runner::measure(const Point& point, Outcome& outcome) {
  const Program& program = spec_.programs[point.program];
  if (auto before = run_command(program, "before", program.before); !before) {
    outcome.interrupted = before.error().code == EINTR;
    outcome.fail_with(before.error().message);
    return {};
  }
  std::error_code error;
  std::filesystem::remove(file("result.json"), error);
  ChildGroup group(watcher_, interrupt_);
  const ChildRequest request = request_for(point);
  return program.client.empty() ? measure_program(group, request, outcome)
                                : measure_client(group, request, program, outcome);
}

Result<void> Runner::warm_up(std::size_t program) {
  const Point point{program, Native::kSmallPages, {}};
  Outcome outcome;
  DIME_TRY_VOID(measure(point, outcome));
  if (outcome.interrupted) {
    return fail(EINTR, "warm-up of {}", spec_.programs[program].name);
  }
  judge(point, outcome);
  if (!outcome.problem.empty()) {
    return fail(0, "warm-up of {}: {}", spec_.programs[program].name, outcome.problem);
  }
  return {};
}

}  // namespace dime::experiments
