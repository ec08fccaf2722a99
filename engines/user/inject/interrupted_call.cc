// SPDX-License-Identifier: GPL-2.0
#include "engines/user/inject/interrupted_call.h"

#include <sys/ptrace.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace dime {
namespace {

// In-kernel results of an interrupted call (include/linux/errno.h): the kernel acts on them on the
// way back to user mode.
constexpr long kRestart = -512;               // ERESTARTSYS
constexpr long kRestartUnlessHandled = -514;  // ERESTARTNOHAND: EINTR if a handler runs, else again
constexpr long kRestartFromBlock = -516;      // ERESTART_RESTARTBLOCK: with the rest of its time

// Calls that wait and return EINTR themselves when anything interrupts them (signal(7),
// "Interruption of system calls and library functions by stop signals"). None has done anything by
// then, so starting again is safe; a relative time limit starts anew.
constexpr std::array kNeverRestarted = {SYS_epoll_wait, SYS_epoll_pwait,     SYS_epoll_pwait2,
                                        SYS_semop,      SYS_semtimedop,      SYS_io_getevents,
                                        SYS_msgrcv,     SYS_rt_sigtimedwait, SYS_io_pgetevents,
                                        SYS_msgsnd,     SYS_accept,          SYS_accept4,
                                        SYS_recvfrom,   SYS_recvmsg,         SYS_recvmmsg,
                                        SYS_sendto,     SYS_sendmsg,         SYS_read,
                                        SYS_readv,      SYS_write,           SYS_writev};

bool failed_needlessly(const user_regs_struct& registers) {
  return static_cast<long>(registers.rax) == -EINTR &&
         std::find(kNeverRestarted.begin(), kNeverRestarted.end(),
                   static_cast<long>(registers.orig_rax)) != kNeverRestarted.end();
}

}  // namespace

bool was_interrupted(const user_regs_struct& registers) {
  const auto result = static_cast<long>(registers.rax);
  const bool restarts = static_cast<long>(registers.orig_rax) >= 0 && result <= kRestart &&
                        result >= kRestartFromBlock;
  return restarts || failed_needlessly(registers);
}

Lender lender_kind(const user_regs_struct& registers) {
  if (!was_interrupted(registers)) {
    return Lender::kUserMode;
  }
  if (static_cast<long>(registers.orig_rax) == SYS_restart_syscall) {
    return Lender::kRestarting;
  }
  return static_cast<long>(registers.rax) == kRestartFromBlock ? Lender::kTimed
                                                               : Lender::kInterrupted;
}

void restart_interrupted_call(pid_t tid) {
  user_regs_struct registers{};
  if (::ptrace(PTRACE_GETREGS, tid, nullptr, &registers) == 0 && failed_needlessly(registers)) {
    registers.rax = static_cast<unsigned long long>(kRestartUnlessHandled);
    ::ptrace(PTRACE_SETREGS, tid, nullptr, &registers);
  }
}

}  // namespace dime
