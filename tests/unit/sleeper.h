// SPDX-License-Identifier: GPL-2.0
// A process that lives until it is killed.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "base/process.h"

namespace dime::test {

class Sleeper {
 public:
  Sleeper() : pid_(::fork()) {
    if (pid_ == 0) {
      ::pause();
      ::_exit(0);
    }
    id_ = identify(pid_).value_or(ProcessId{});
  }
  ~Sleeper() { end(); }
  Sleeper(const Sleeper&) = delete;
  Sleeper& operator=(const Sleeper&) = delete;

  [[nodiscard]] ProcessId id() const { return id_; }

  void kill() const { ::kill(pid_, SIGKILL); }
  /// Returns when it has ended; it stays a zombie. False: it cannot be waited for.
  [[nodiscard]] bool wait_for_end() const {
    siginfo_t info{};
    return ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT) == 0;
  }
  /// Nothing is left of it afterwards.
  void end() {
    if (pid_ > 0) {
      kill();
      ::waitpid(pid_, nullptr, 0);
      pid_ = 0;
    }
  }

 private:
  pid_t pid_;
  ProcessId id_;
};

}  // namespace dime::test
