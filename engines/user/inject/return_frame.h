// SPDX-License-Identifier: GPL-2.0
// A way back for a borrowed thread whose tracer dies.
//
// While a thread of the program makes system calls for us, its registers are not its own. Should
// the tracer be killed then, the kernel lets the thread run on from there. So it calls through code
// that returns, with a stack pointer at a signal frame that holds everything it had: the code
// behind every stop leads to rt_sigreturn, and that brings the thread back where it was.
#pragma once

#include <sys/types.h>
#include <sys/user.h>

#include <vector>

#include "engines/user/inject/process_maps.h"

namespace dime {

/// Code of the C library that borrowed threads run.
struct BorrowedCode {
  RemoteAddress system_call;    ///< syscall; ret
  RemoteAddress signal_return;  ///< mov $SYS_rt_sigreturn, %rax; syscall
};

/// Finds both in the C library of the process, which must be stopped or ours to read.
Result<BorrowedCode> find_borrowed_code(pid_t pid, const std::vector<ProcessMapping>& mappings);

/// The frame, below the thread's stack and its red zone, and what was there before. Not undone by
/// itself: restore().
class ReturnFrame {
 public:
  /// Builds the frame for the stopped thread `tid`, whose state is `registers` and `signal_mask`,
  /// and writes it. Where there is no room on the stack, the frame is empty: address() is 0.
  static ReturnFrame build(pid_t pid, pid_t tid, const user_regs_struct& registers,
                           std::uint64_t signal_mask, RemoteAddress signal_return);

  /// What the stack pointer has to be for a `ret` that goes back.
  [[nodiscard]] RemoteAddress address() const { return address_; }

  /// Puts the former bytes back.
  void restore(pid_t pid) const;

 private:
  RemoteAddress address_;
  std::vector<std::byte> former_;
};

}  // namespace dime
