// SPDX-License-Identifier: GPL-2.0
// All signals are blocked while a thread is borrowed, so that none is delivered to a thread that is
// not where the program left it; they stay pending. No breakpoint is used: a trap by signal would
// reset the program's own handling of SIGTRAP where it blocks or ignores it. The stops at entry and
// exit of system calls (PTRACE_SYSCALL) leave no trace.
#include "engines/user/inject/borrowed_thread.h"

#include <sys/ptrace.h>

#include <utility>

#include "engines/user/inject/restartable_sequence.h"

namespace dime {
namespace {

constexpr std::chrono::milliseconds kCallPatience{2000};
constexpr std::uint64_t kAllSignals = ~std::uint64_t{0};
constexpr std::uint64_t kInstructionBytes = 2;  // of syscall

tl::unexpected<Error> thread_gone(pid_t tid) {
  return fail(ESRCH, "thread {}", tid);
}

// Runs the thread to its next stop at a system call, past whatever else stops it.
Result<void> run_to_system_call(StoppedProcess& process, pid_t tid, pid_t& new_thread) {
  for (;;) {
    if (::ptrace(PTRACE_SYSCALL, tid, nullptr, nullptr) != 0) {
      return thread_gone(tid);
    }
    DIME_TRY(const ThreadStop stop, wait_for_stop(tid, deadline_in(kCallPatience)));
    switch (stop.kind) {
      case ThreadStop::Kind::kEnded:
        return thread_gone(tid);
      case ThreadStop::Kind::kSystemCall:
        return {};
      case ThreadStop::Kind::kClone: {
        unsigned long message = 0;
        ::ptrace(PTRACE_GETEVENTMSG, tid, nullptr, &message);
        new_thread = static_cast<pid_t>(message);
        break;
      }
      case ThreadStop::Kind::kSignal:
        process.postpone_signal(stop.code);
        break;
      case ThreadStop::Kind::kPaused:
        break;
    }
  }
}

}  // namespace

Result<SystemCallResult> make_system_call(StoppedProcess& process, pid_t tid,
                                          RemoteAddress instruction, const SystemCall& call) {
  user_regs_struct registers{};
  if (::ptrace(PTRACE_GETREGS, tid, nullptr, &registers) != 0) {
    return thread_gone(tid);
  }
  registers.rip = instruction.value;
  registers.rax = static_cast<unsigned long long>(call.number);
  registers.orig_rax = ~0ULL;  // not in a system call: nothing to restart
  registers.rdi = call.arguments[0];
  registers.rsi = call.arguments[1];
  registers.rdx = call.arguments[2];
  registers.r10 = call.arguments[3];
  registers.r8 = call.arguments[4];
  registers.r9 = call.arguments[5];
  if (::ptrace(PTRACE_SETREGS, tid, nullptr, &registers) != 0) {
    return thread_gone(tid);
  }
  SystemCallResult result;
  DIME_TRY_VOID(run_to_system_call(process, tid, result.new_thread));  // its entry
  DIME_TRY_VOID(run_to_system_call(process, tid, result.new_thread));  // its exit
  if (::ptrace(PTRACE_GETREGS, tid, nullptr, &registers) != 0) {
    return thread_gone(tid);
  }
  result.value = registers.rax;
  constexpr std::uint64_t kFirstError = ~std::uint64_t{0} - 4094;
  if (result.value >= kFirstError) {
    return fail(-static_cast<int>(result.value), "{} in process {}", call.name, process.pid());
  }
  return result;
}

Result<BorrowedThread> BorrowedThread::borrow(StoppedProcess& process, const BorrowedCode& code) {
  DIME_TRY(const pid_t tid, process.choose_thread());
  user_regs_struct registers{};
  std::uint64_t mask = 0;
  // The size of the kernel's signal set goes where an address is expected.
  auto* const mask_bytes =
      reinterpret_cast<void*>(sizeof mask);  // NOLINT(performance-no-int-to-ptr)
  if (::ptrace(PTRACE_GETREGS, tid, nullptr, &registers) != 0 ||
      ::ptrace(PTRACE_GETSIGMASK, tid, mask_bytes, &mask) != 0) {
    return thread_gone(tid);
  }
  abort_restartable_sequence(process.pid(), tid, registers);
  BorrowedThread thread(process, tid);
  thread.instruction_ = code.system_call;
  thread.registers_ = registers;
  thread.signal_mask_ = mask;
  thread.frame_ = ReturnFrame::build(process.pid(), tid, registers, mask, code.signal_return);
  // The way back comes before the mask, which only it restores when the tracer dies.
  user_regs_struct calling = registers;
  calling.rip = code.system_call.value + kInstructionBytes;
  calling.orig_rax = ~0ULL;
  if (thread.frame_.address() != RemoteAddress{}) {
    calling.rsp = thread.frame_.address().value;
    if (::ptrace(PTRACE_SETREGS, tid, nullptr, &calling) != 0) {
      return thread_gone(tid);
    }
  }
  if (::ptrace(PTRACE_SETSIGMASK, tid, mask_bytes, &kAllSignals) != 0) {
    return thread_gone(tid);
  }
  return thread;
}

BorrowedThread::BorrowedThread(BorrowedThread&& other) noexcept
    : process_(other.process_),
      tid_(std::exchange(other.tid_, 0)),
      instruction_(other.instruction_),
      registers_(other.registers_),
      signal_mask_(other.signal_mask_),
      frame_(std::move(other.frame_)) {}

BorrowedThread::~BorrowedThread() {
  if (tid_ == 0) {
    return;
  }
  auto* const mask_bytes =
      reinterpret_cast<void*>(sizeof signal_mask_);  // NOLINT(performance-no-int-to-ptr)
  ::ptrace(PTRACE_SETSIGMASK, tid_, mask_bytes, &signal_mask_);
  ::ptrace(PTRACE_SETREGS, tid_, nullptr, &registers_);
  frame_.restore(process_->pid());
}

Result<std::uint64_t> BorrowedThread::system_call(const SystemCall& call) {
  DIME_TRY(const SystemCallResult result, make_system_call(*process_, tid_, instruction_, call));
  return result.value;
}

Result<pid_t> BorrowedThread::start_thread(RemoteAddress instruction, const SystemCall& call) {
  ::ptrace(PTRACE_SETOPTIONS, tid_, nullptr, PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE);
  const auto result = make_system_call(*process_, tid_, instruction, call);
  ::ptrace(PTRACE_SETOPTIONS, tid_, nullptr, PTRACE_O_TRACESYSGOOD);
  if (!result) {
    return tl::unexpected(result.error());
  }
  if (result->new_thread == 0) {
    return thread_gone(tid_);
  }
  return result->new_thread;
}

}  // namespace dime
