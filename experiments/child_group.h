// SPDX-License-Identifier: GPL-2.0
// The processes of one run: a process group that ends as a whole.
//
//   ChildGroup group(watcher, interrupt);
//   DIME_TRY(Child child, group.start(request));
//   switch (group.wait(child, 60)) { ... }
//   // the destructor kills what is left, also what has left the group
//
// One thread only. At most one group at a time.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <csignal>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "experiments/watcher.h"

namespace dime::experiments {

/// While this lives, SIGINT, SIGTERM and SIGHUP are told by a descriptor instead of ending the
/// process.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  /// Readable from the first signal on.
  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] bool came(int within_ms = 0) const;
  /// What children start with.
  [[nodiscard]] const sigset_t& mask() const { return mask_; }

 private:
  sigset_t mask_{};
  UniqueFd fd_;
};

struct ChildRequest {
  std::vector<std::string> words;        ///< the program is looked for along $PATH
  std::vector<std::string> environment;  ///< KEY=VALUE
  std::string folder;
  std::string out;           ///< file for standard output, written anew
  std::string err;           ///< the same for standard error
  bool small_pages = false;  ///< no transparent huge pages, by PR_SET_THP_DISABLE
};

struct Child {
  pid_t pid = 0;
  UniqueFd fd;  ///< a pidfd
  std::chrono::steady_clock::time_point began;
  // Once it has ended:
  int exit_status = 0;  ///< its own, or 128 + signal
  double wall_s = 0;
  double user_s = 0;
  double sys_s = 0;
};

enum class Waited { kEnded, kLimit, kInterrupted };

class ChildGroup {
 public:
  ChildGroup(const Watcher& watcher, const Interrupt& interrupt)
      : watcher_(watcher), interrupt_(interrupt) {}
  ~ChildGroup() { kill_all(); }
  ChildGroup(const ChildGroup&) = delete;
  ChildGroup& operator=(const ChildGroup&) = delete;

  /// Error: it cannot be executed (code as execve says), or a file cannot be opened.
  Result<Child> start(const ChildRequest& request);

  /// Until it has ended, `seconds` have passed or a signal came.
  [[nodiscard]] Waited wait(Child& child, double seconds) const;

  /// Asks it to end by SIGTERM, and kills the group where it has not within `seconds`.
  void stop(Child& child, double seconds);

  /// Kills the group, and every process of it that has left the group or its parent.
  void kill_all();

 private:
  const Watcher& watcher_;
  const Interrupt& interrupt_;
  pid_t group_ = 0;
};

}  // namespace dime::experiments
