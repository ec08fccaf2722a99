// SPDX-License-Identifier: GPL-2.0
#include "engines/user/inject/helper_thread.h"

#include <sched.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

#include <csignal>
#include <utility>

#include "dime/abi.h"
#include "engines/user/inject/process_memory.h"

namespace dime {
namespace {

constexpr std::uint64_t kPage = DIME_PAGE_BYTES;
constexpr std::uint64_t kStackBytes = std::uint64_t{256} << 10;
constexpr std::uint64_t kTextBytes = std::uint64_t{16} << 10;

// The helper's own page of code. Its system calls are made at offset 0; whatever lets it run on
// from there ends it. A function that it calls returns to kReturn: that gives back the stack (r12,
// r13: preserved by every function) and ends the thread with the negated result as its exit status.
// The helper itself is started at kStart by a thread of the program, which returns if its tracer
// dies.
constexpr std::uint64_t kEnd = 2;
constexpr std::uint64_t kReturn = 0x10;
constexpr std::uint64_t kStart = 0x30;
constexpr std::array<unsigned char, 56> kCode = {
    0x0f, 0x05,                          // 00: syscall
    0x31, 0xff,                          // 02: xor  edi, edi
    0xb8, 0x3c, 0x00, 0x00, 0x00,        // 04: mov  eax, SYS_exit
    0x0f, 0x05,                          // 09: syscall
    0x0f, 0x0b, 0x90, 0x90, 0x90,        // 0b: ud2
    0x89, 0xc3,                          // 10: mov  ebx, eax
    0xf7, 0xdb,                          // 12: neg  ebx
    0x4c, 0x89, 0xe7,                    // 14: mov  rdi, r12
    0x4c, 0x89, 0xee,                    // 17: mov  rsi, r13
    0xb8, 0x0b, 0x00, 0x00, 0x00,        // 1a: mov  eax, SYS_munmap
    0x0f, 0x05,                          // 1f: syscall
    0x89, 0xdf,                          // 21: mov  edi, ebx
    0xb8, 0x3c, 0x00, 0x00, 0x00,        // 23: mov  eax, SYS_exit
    0x0f, 0x05,                          // 28: syscall
    0x0f, 0x0b, 0x90, 0x90, 0x90, 0x90,  // 2a: ud2
    0x0f, 0x05,                          // 30: syscall
    0x85, 0xc0,                          // 32: test eax, eax
    0x74, 0xcc,                          // 34: jz   02, in the new thread
    0xc3,                                // 36: ret, in the old one
    0x90};

// Faults of the function itself must not find their signal blocked: the kernel would then reset the
// program's handling of it.
constexpr std::array kFaults = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS};

std::uint64_t all_but_faults() {
  std::uint64_t mask = ~std::uint64_t{0};
  for (const int signal : kFaults) {
    mask &= ~(std::uint64_t{1} << (signal - 1));
  }
  return mask;
}

void* as_data(std::uint64_t value) {
  return reinterpret_cast<void*>(value);  // NOLINT(performance-no-int-to-ptr): ptrace's prototype
}

}  // namespace

Result<HelperThread> HelperThread::start(StoppedProcess& process, const BorrowedCode& code) {
  HelperThread helper(process, code);
  {
    DIME_TRY(auto borrowed, BorrowedThread::borrow(process, code));
    DIME_TRY_VOID(helper.make_code(borrowed));
    DIME_TRY_VOID(helper.make_thread(borrowed));
  }
  DIME_TRY_VOID(helper.make_stack());
  return helper;
}

HelperThread::HelperThread(HelperThread&& other) noexcept
    : process_(other.process_),
      borrowed_code_(other.borrowed_code_),
      code_(std::exchange(other.code_, {})),
      stack_(std::exchange(other.stack_, {})),
      text_bytes_(other.text_bytes_),
      tid_(std::exchange(other.tid_, 0)),
      started_(std::exchange(other.started_, {})) {}

Result<void> HelperThread::make_code(BorrowedThread& borrowed) {
  DIME_TRY(code_.value, borrowed.system_call({SYS_mmap,
                                              {0, kPage, PROT_READ | PROT_EXEC,
                                               MAP_PRIVATE | MAP_ANONYMOUS, ~0ULL, 0},
                                              "mapping code"}));
  // Written by ptrace, which may write what the process itself may not: the page is never writable
  // and executable at once.
  for (std::uint64_t at = 0; at < kCode.size(); at += sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, kCode.data() + at, sizeof word);
    if (::ptrace(PTRACE_POKEDATA, process_->threads().front(), as_data(code_.value + at),
                 as_data(word)) != 0) {
      return fail(errno, "writing code into process {}", process_->pid());
    }
  }
  return {};
}

Result<void> HelperThread::make_thread(BorrowedThread& borrowed) {
  constexpr std::uint64_t kFlags =
      CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
  // Made at the helper's own code: it is safe from its first instruction on. It needs no stack
  // until it calls something.
  DIME_TRY(const pid_t started,
           borrowed.start_thread(code_ + kStart, {SYS_clone, {kFlags}, "starting a thread"}));
  constexpr std::chrono::milliseconds kPatience{2000};
  DIME_TRY(const ThreadStop stop, wait_for_stop(started, deadline_in(kPatience)));
  if (stop.kind == ThreadStop::Kind::kEnded) {
    return fail(ESRCH, "process {}", process_->pid());
  }
  tid_ = started;
  const std::uint64_t mask = all_but_faults();
  ::ptrace(PTRACE_SETSIGMASK, tid_, as_data(sizeof mask), &mask);
  const int follow = process_->held_by_signal() ? PTRACE_O_TRACECLONE : 0;
  ::ptrace(PTRACE_SETOPTIONS, tid_, nullptr,
           as_data(static_cast<unsigned>(PTRACE_O_TRACESYSGOOD | follow)));
  return {};
}

Result<void> HelperThread::make_stack() {
  // Shared, so that no agent takes it for memory of the program.
  DIME_TRY(
      stack_.value,
      system_call({SYS_mmap,
                   {0, kStackBytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, ~0ULL, 0},
                   "mapping a stack"}));
  return {};
}

Result<std::uint64_t> HelperThread::system_call(const SystemCall& call) {
  DIME_TRY(const auto result, make_system_call(*process_, tid_, code_, call));
  return result.value;
}

Result<RemoteAddress> HelperThread::place_text(std::string_view text) {
  const std::string terminated(text);
  if (terminated.size() + 1 > kTextBytes - text_bytes_) {
    return fail(ENAMETOOLONG, "passing '{}' to process {}", text, process_->pid());
  }
  const RemoteAddress at = stack_ + text_bytes_;
  DIME_TRY_VOID(write_memory(process_->pid(), at,
                             std::as_bytes(std::span(terminated.c_str(), terminated.size() + 1))));
  text_bytes_ += terminated.size() + 1;
  return at;
}

Result<int> HelperThread::call_and_end(RemoteAddress function, RemoteAddress first,
                                       RemoteAddress second, Deadline deadline) {
  // The state at a function's first instruction: 16 bytes of alignment, less the return address.
  const std::uint64_t top = stack_.value + kStackBytes - 16 - sizeof(std::uint64_t);
  const std::uint64_t back = code_.value + kReturn;
  DIME_TRY_VOID(write_memory(process_->pid(), {top}, std::as_bytes(std::span(&back, 1))));
  user_regs_struct registers{};
  if (::ptrace(PTRACE_GETREGS, tid_, nullptr, &registers) != 0) {
    return fail(ESRCH, "process {}", process_->pid());
  }
  registers.rip = function.value;
  registers.rdi = first.value;
  registers.rsi = second.value;
  registers.rsp = top;
  registers.rbp = 0;
  registers.r12 = stack_.value;
  registers.r13 = kStackBytes;
  registers.orig_rax = ~0ULL;
  constexpr unsigned long long kDirectionFlag = 1U << 10U;
  registers.eflags &= ~kDirectionFlag;
  if (::ptrace(PTRACE_SETREGS, tid_, nullptr, &registers) != 0 ||
      ::ptrace(PTRACE_CONT, tid_, nullptr, nullptr) != 0) {
    return fail(ESRCH, "process {}", process_->pid());
  }
  return wait_for_end(deadline);
}

Result<int> HelperThread::wait_for_end(Deadline deadline) {
  constexpr std::chrono::milliseconds kSlice{5};
  for (;;) {
    const auto stop =
        wait_for_stop(tid_, std::min(deadline, std::chrono::steady_clock::now() + kSlice));
    pid_t started = 0;
    if (!stop) {
      if (std::chrono::steady_clock::now() >= deadline) {
        return timed_out(fmt::format("the agent in process {} does not start", process_->pid()));
      }
    } else if (stop->kind == ThreadStop::Kind::kEnded) {
      tid_ = 0;
      if (stop->code < 0) {
        return fail(ESRCH, "process {} was killed", process_->pid());
      }
      stack_ = {};
      return -stop->code;
    } else if (stop->kind == ThreadStop::Kind::kSignal && crashed(stop->code)) {
      return fail(0, "the agent crashed with signal {} while it started in process {}", stop->code,
                  process_->pid());
    } else {
      if (stop->kind == ThreadStop::Kind::kClone) {
        unsigned long message = 0;
        ::ptrace(PTRACE_GETEVENTMSG, tid_, nullptr, &message);
        started = static_cast<pid_t>(message);
      }
      ::ptrace(PTRACE_CONT, tid_, nullptr, nullptr);
    }
    continue_new_threads(started);
  }
}

// In a process that a stop signal holds, a new thread would stop as well, and the function wait for
// it in vain.
void HelperThread::continue_new_threads(pid_t started) {
  if (started != 0) {
    started_.push_back(started);
    process_->adopt(started);
  }
  for (const pid_t tid : started_) {
    const auto stop = wait_for_stop(tid, Deadline{});
    if (stop && stop->kind != ThreadStop::Kind::kEnded) {
      ::ptrace(PTRACE_CONT, tid, nullptr, nullptr);
    }
  }
}

// A fault of the function, or a signal of that number that somebody sent to the process.
bool HelperThread::crashed(int signal) {
  siginfo_t info{};
  if (::ptrace(PTRACE_GETSIGINFO, tid_, nullptr, &info) == 0 && info.si_code <= 0) {
    process_->postpone_signal(signal);
    return false;
  }
  return true;
}

void HelperThread::end() {
  constexpr std::chrono::milliseconds kPatience{1000};
  user_regs_struct registers{};
  if (::ptrace(PTRACE_GETREGS, tid_, nullptr, &registers) != 0) {
    ::ptrace(PTRACE_INTERRUPT, tid_, nullptr, nullptr);
    if (!wait_for_stop(tid_, deadline_in(kPatience)) ||
        ::ptrace(PTRACE_GETREGS, tid_, nullptr, &registers) != 0) {
      return;
    }
  }
  registers.rip = code_.value + kEnd;
  registers.orig_rax = ~0ULL;
  ::ptrace(PTRACE_SETREGS, tid_, nullptr, &registers);
  ::ptrace(PTRACE_CONT, tid_, nullptr, nullptr);
  while (true) {
    const auto stop = wait_for_stop(tid_, deadline_in(kPatience));
    if (!stop || stop->kind == ThreadStop::Kind::kEnded) {
      break;
    }
    ::ptrace(PTRACE_CONT, tid_, nullptr, nullptr);
  }
  tid_ = 0;
}

HelperThread::~HelperThread() {
  if (tid_ != 0) {
    end();
  }
  if (code_ == RemoteAddress{} || tid_ != 0) {
    return;
  }
  auto borrowed = BorrowedThread::borrow(*process_, borrowed_code_);
  if (!borrowed) {
    return;
  }
  // What cannot be unmapped belongs to a process that is gone.
  if (stack_ != RemoteAddress{}) {
    static_cast<void>(
        borrowed->system_call({SYS_munmap, {stack_.value, kStackBytes}, "unmapping a stack"}));
  }
  static_cast<void>(borrowed->system_call({SYS_munmap, {code_.value, kPage}, "unmapping code"}));
}

}  // namespace dime
