// SPDX-License-Identifier: GPL-2.0
// System calls that were cut short because their thread was stopped, and that have to go on
// unnoticed.
#pragma once

#include <sys/types.h>
#include <sys/user.h>

namespace dime {

/// True if the registers of a stopped thread are those of a system call that the kernel will start
/// again, or has to be told to.
bool was_interrupted(const user_regs_struct& registers);

/// How well a stopped thread can go back to its work by a return frame (return_frame.h), worst
/// first.
enum class Lender {
  kNone,
  kRestarting,  ///< in restart_syscall: only the kernel knows which call that is, and a frame makes
                ///< it forget: EINTR
  kUserMode,    ///< may be inside a restartable sequence
  kTimed,       ///< in a wait whose time would begin anew
  kInterrupted,  ///< in a call that simply starts again
};
Lender lender_kind(const user_regs_struct& registers);

/// Some calls fail with EINTR whenever anything interrupts them, although no signal handler ran.
/// Tells the kernel to start such a call of the stopped thread again, unless a handler runs.
void restart_interrupted_call(pid_t tid);

}  // namespace dime
