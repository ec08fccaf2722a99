// SPDX-License-Identifier: GPL-2.0
// A thread of ours inside a stopped process.
//
// The agent's entry point is called on a thread made for it and not on one of the program's:
// nothing of the program's threads (vector registers, pending restarts of system calls, restartable
// sequences) is then at stake while it runs, and only three system calls are made on a borrowed
// thread. Code behind the helper's every stop ends the helper, so it harms nothing when its tracer
// dies.
#pragma once

#include <string_view>

#include "engines/user/inject/borrowed_thread.h"

namespace dime {

class HelperThread {
 public:
  /// Starts the helper in `process`, which must outlive it.
  static Result<HelperThread> start(StoppedProcess& process, const BorrowedCode& code);

  HelperThread(HelperThread&& other) noexcept;
  HelperThread& operator=(HelperThread&&) = delete;
  HelperThread(const HelperThread&) = delete;
  HelperThread& operator=(const HelperThread&) = delete;

  /// Ends the thread where it still is and takes back what it used of the process's memory.
  ~HelperThread();

  Result<std::uint64_t> system_call(const SystemCall& call);

  /// Puts a string into the process, there until the helper has ended.
  Result<RemoteAddress> place_text(std::string_view text);

  /// Calls `int function(first, second)` of the process and ends the helper. Returns the function's
  /// result as far as errno goes: 0 or a negative errno. Error code ETIMEDOUT: not back by the
  /// deadline, and ended; ESRCH: the process is gone.
  Result<int> call_and_end(RemoteAddress function, RemoteAddress first, RemoteAddress second,
                           Deadline deadline);

 private:
  HelperThread(StoppedProcess& process, const BorrowedCode& code)
      : process_(&process), borrowed_code_(code) {}
  Result<void> make_code(BorrowedThread& borrowed);
  Result<void> make_thread(BorrowedThread& borrowed);
  Result<void> make_stack();
  Result<int> wait_for_end(Deadline deadline);
  void continue_new_threads(pid_t started);
  bool crashed(int signal);
  void end();

  StoppedProcess* process_;
  BorrowedCode borrowed_code_;
  RemoteAddress code_;   ///< a page of its own; 0 = none
  RemoteAddress stack_;  ///< lowest address; texts are placed from here up
  std::uint64_t text_bytes_ = 0;
  pid_t tid_ = 0;
  std::vector<pid_t>
      started_;  ///< threads that the function has started in a process that a signal holds
};

}  // namespace dime
