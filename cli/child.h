// SPDX-License-Identifier: GPL-2.0
// The program that `dime run` starts: its life from fork to exit status.
//
// What the terminal sends (Ctrl-C, Ctrl-\) reaches the program by itself, because it is in the same
// process group; dime sits those out and stays to report. Signals that somebody sends to dime alone
// are passed on. Stopping and continuing (Ctrl-Z, fg) work as for any pair of processes.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"

namespace dime {

struct ChildResult {
  pid_t pid = 0;
  int exit_status = 0;  ///< its own, or 128 + the signal that ended it
  bool dumped_core = false;
  double wall_s = 0;
  double user_s = 0;
  double sys_s = 0;
};

struct ChildRequest {
  std::string program;                 ///< path
  std::vector<std::string> arguments;  ///< with the name in front
  std::vector<std::string> environment;
  /// Where it is set: called when the program is loaded and has not run its first instruction. An
  /// error ends it, and is what run_child returns.
  std::function<Result<void>(pid_t)> admit;
};

/// Called while something is waited for.
struct Tick {
  std::function<void()> call;
  std::chrono::milliseconds period;  ///< about
};

/// Runs the program to its end. Error: it could not be executed (code as execve says); nothing has
/// run then.
Result<ChildResult> run_child(ChildRequest request, const Tick& tick);

}  // namespace dime
