// SPDX-License-Identifier: GPL-2.0
// A process whose threads all stand still.
//
// Threads are stopped with PTRACE_SEIZE and PTRACE_INTERRUPT, which send no signal: the program
// cannot notice. A thread that was in a system call goes on with it afterwards, because its
// registers say so and are not changed. Exceptions are the calls that the kernel fails with EINTR
// although no signal came (epoll_wait and a few more): those are told to start again.
//
// One thread must make and use the object, since only the tracer may.
#pragma once

#include <sys/types.h>

#include <vector>

#include "base/process.h"
#include "engines/user/inject/thread_wait.h"

namespace dime {

class StoppedProcess {
 public:
  /// Stops every thread of `process`, also those that are started meanwhile. Error code ESRCH: it
  /// ended, and its pid may name another process by now; EPERM: tracing it is not permitted;
  /// ETIMEDOUT: a thread does not stop. Whatever was stopped runs again after an error.
  static Result<StoppedProcess> stop(const ProcessId& process, Deadline deadline);

  StoppedProcess(StoppedProcess&& other) noexcept;
  StoppedProcess& operator=(StoppedProcess&&) = delete;
  StoppedProcess(const StoppedProcess&) = delete;
  StoppedProcess& operator=(const StoppedProcess&) = delete;

  /// Lets all threads run on. A process that was stopped by SIGSTOP stays so.
  ~StoppedProcess();

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] const std::vector<pid_t>& threads() const { return threads_; }

  /// True if a stop signal holds the process: a new thread would stand still too, and has to be
  /// continued by its tracer.
  [[nodiscard]] bool held_by_signal() const { return held_by_signal_; }

  /// The thread to borrow: the one whose work is best continued by a return frame (return_frame.h).
  [[nodiscard]] Result<pid_t> choose_thread() const;

  /// Takes over a traced thread, to be released with the others.
  void adopt(pid_t tid);

  /// A signal that reached a thread while it was used for other work: sent again when the process
  /// runs.
  void postpone_signal(int signal) { postponed_signals_.push_back(signal); }

 private:
  explicit StoppedProcess(pid_t pid) : pid_(pid) {}
  Result<bool> stop_new_threads(Deadline deadline);
  Result<void> stop_thread(pid_t tid, Deadline deadline);

  pid_t pid_ = 0;
  std::vector<pid_t> threads_;
  std::vector<pid_t> running_;  ///< adopted, not stopped
  std::vector<int> postponed_signals_;
  bool held_by_signal_ = false;
};

}  // namespace dime
