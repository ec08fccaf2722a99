// SPDX-License-Identifier: GPL-2.0
// System calls made by a thread of another process.
#pragma once

#include <sys/types.h>
#include <sys/user.h>

#include <array>
#include <cstdint>

#include "engines/user/inject/return_frame.h"
#include "engines/user/inject/stopped_process.h"

namespace dime {

struct SystemCall {
  long number = 0;
  std::array<std::uint64_t, 6> arguments{};
  const char* name = "";  ///< for messages
};

/// What a system call left behind.
struct SystemCallResult {
  std::uint64_t value = 0;
  pid_t new_thread = 0;  ///< as this process sees its id; 0 = it started none
};

/// Lets the stopped thread `tid` of `process` execute the `syscall` instruction at `instruction`
/// with `call`, and stop behind it. The thread's registers are then those of the call. The thread
/// must have its signals blocked. An error of the call is an Error with its errno.
Result<SystemCallResult> make_system_call(StoppedProcess& process, pid_t tid,
                                          RemoteAddress instruction, const SystemCall& call);

/// A thread of the program, used for a moment. What it had (registers and signal mask) comes back
/// when this goes, and by a return frame when the tracer dies.
class BorrowedThread {
 public:
  /// Borrows the thread of `process` that suits best.
  static Result<BorrowedThread> borrow(StoppedProcess& process, const BorrowedCode& code);
  BorrowedThread(BorrowedThread&& other) noexcept;
  BorrowedThread& operator=(BorrowedThread&&) = delete;
  BorrowedThread(const BorrowedThread&) = delete;
  BorrowedThread& operator=(const BorrowedThread&) = delete;
  ~BorrowedThread();

  Result<std::uint64_t> system_call(const SystemCall& call);

  /// Makes a call that starts a thread, at `instruction`, behind which there must be a `ret` for
  /// this thread. The new thread is traced too, and stopped before its first instruction.
  Result<pid_t> start_thread(RemoteAddress instruction, const SystemCall& call);

 private:
  BorrowedThread(StoppedProcess& process, pid_t tid) : process_(&process), tid_(tid) {}

  StoppedProcess* process_;
  pid_t tid_;
  RemoteAddress instruction_;
  user_regs_struct registers_{};
  std::uint64_t signal_mask_ = 0;
  ReturnFrame frame_;
};

}  // namespace dime
