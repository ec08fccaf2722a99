// SPDX-License-Identifier: GPL-2.0
// What a sweep starts must not outlive it: a process of its own kills the group of the current run
// when the sweep has gone, however it went.
#pragma once

#include <sys/types.h>

#include "base/result.h"
#include "base/unique_fd.h"

namespace dime::experiments {

class Watcher {
 public:
  /// Starts the process. To be called while this process has one thread.
  static Result<Watcher> start();
  Watcher(Watcher&&) noexcept;
  Watcher& operator=(Watcher&&) = delete;
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;
  /// Ends it, with what it watches.
  ~Watcher();

  /// From now on this process group is killed; 0 = none.
  void watch(pid_t group) const;
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  Watcher(UniqueFd pipe, pid_t pid) : pipe_(std::move(pipe)), pid_(pid) {}
  UniqueFd pipe_;
  pid_t pid_;
};

}  // namespace dime::experiments
