// SPDX-License-Identifier: GPL-2.0
// Sends the system calls of a library through a hook, by rewriting the instructions that make them.
//
// Each `syscall` of the library, with a neighbour so that 5 bytes are free, becomes a jump to a
// stub within 2 GiB. The stub runs what was moved and calls a thunk, which calls the hook and
// returns with its result in rax as the kernel would: all other registers, the flags, the red zone
// and the vector registers are as before (so the hook has to be compiled with -mgeneral-regs-only).
// What the stubs do is decided by the launcher: engines/user/sites.
//
// Never made by the hook are rt_sigreturn, vfork, and clone and clone3 with CLONE_VM, whose child
// returns on another stack or on the parent's: they run in a *gate*, a raw `syscall` and a jump
// that use no stack. Whether a clone3 is one of them is for the hook to say (kRunRaw). All raw
// system calls of this component lie in one page of the agent, raw_code(), which is the range to
// allow where Syscall User Dispatch is armed.
//
// State is plain memory of the agent: a forked child has it too, with its library patched.
#pragma once

#include "core/units.h"

namespace dime::agent::patch {

/// The registers at a system call. `arguments` are rdi, rsi, rdx, r10, r8 and r9; what a hook
/// writes there is what the program finds in them afterwards, so a hook leaves them alone.
struct Frame {
  long arguments[6];
  long flags;  ///< the thunk's
  long number;
  /// 0, or where the program's rsp shall be on return. For the child of a clone() onto a new stack
  /// that copies the memory: the hook makes it without one, and the child runs on its copy of this
  /// stack until it returns.
  /// kRunRaw for a clone3() that shares the memory, which its registers do not tell.
  std::uint64_t stack;
  std::uint64_t frame_pointer;  ///< the program's rbp
  std::uint64_t resume;         ///< in the stub
};

inline constexpr std::uint64_t kRunRaw = 1;

/// Does a system call on the program's behalf and returns what the kernel would: a value, or a
/// negative errno. Runs on the program's stack, below its red zone, in any thread, in
/// signal handlers, in children of posix_spawn. The direction flag is clear, as the ABI wants it.
using Hook = long (*)(long number, Frame* frame);

/// Is told of a clone() with CLONE_VM before it is made as it is, with the same conditions.
using BeforeRaw = void (*)(long number, Frame* frame);

struct Counters {
  std::uint32_t libraries;
  std::uint32_t patched;
  std::uint32_t left;     ///< on purpose
  std::uint32_t refused;  ///< no window: only Syscall User Dispatch sees them
  std::uint32_t changed;  ///< bytes that are not the table's: something else has patched them
};

/// The hook for all patched libraries, in force at once; null: system calls run as they are. To be
/// set before the first apply().
void set_hook(Hook hook);

/// Null: nobody is told.
void set_before_raw(BeforeRaw before);

/// Patches the library at `load_base` with the table file; with base 0, the mapped library that has
/// the table's build-id. A second call for the same library does nothing. No thread may be inside
/// the library's windows or forking: call while the process has one thread, before the library's
/// code has run, or while the others are stopped outside. Not to be called by two threads at a
/// time. Returns 0, or a negative errno with nothing changed: -ENOENT no such file or library;
/// -EINVAL not a table, or not this library's; -ENOSPC too many libraries, or no room for the stubs
/// within reach.
long apply(const char* table_path, std::uint64_t load_base = 0);

/// Takes the hook out of force and puts all original bytes back, while threads may run in the
/// libraries. Threads that are in a stub or in the hook return normally, so the stubs stay mapped.
/// For a moment some windows are jumps to themselves, so no child may be made meanwhile: the caller
/// holds off forks by its hook; those that come after its hook wait here. Returns false if some
/// sites had to stay as they are (they run raw): the kernel refused membarrier and the process is
/// not known to have one thread.
bool remove(bool only_thread);

/// Sum over all libraries.
[[nodiscard]] Counters counters();

/// True if stubs lie in `range`: not to be managed.
[[nodiscard]] bool covers(AddressRange range);

/// The page that holds the agent's raw system calls: raw_system_call, the gates and the restorer.
[[nodiscard]] AddressRange raw_code();

/// For SA_RESTORER: rt_sigreturn inside raw_code(), in the form that debuggers and unwinders know.
[[nodiscard]] std::uint64_t raw_restorer();

/// A gate: code inside raw_code() that makes the system call in the registers without touching any
/// other register or the stack and goes on at `next`. One gate per address, for ever; to be used by
/// a SIGSYS handler, which lets rip point to it. Safe in signal handlers and in several threads.
/// 0: none is free (there are 448).
[[nodiscard]] std::uint64_t raw_gate(std::uint64_t next);

/// True for system calls that must not run in the hook, by their registers, or may be such: see
/// above.
[[nodiscard]] constexpr bool runs_raw(long number, long first_argument) {
  constexpr long kSigreturn = 15;
  constexpr long kClone = 56;
  constexpr long kVfork = 58;
  constexpr long kClone3 = 435;
  constexpr long kSharesMemory = 0x100;
  return number == kSigreturn || number == kVfork || number == kClone3 ||
         (number == kClone && (first_argument & kSharesMemory) != 0);
}

}  // namespace dime::agent::patch

extern "C" {
#pragma GCC visibility push(hidden)

/// `syscall; ret` inside raw_code(): arguments as for the kernel, called with rax, rdi, rsi, rdx,
/// r10, r8 and r9 set. Clobbers rcx and r11; the call pushes 8 bytes.
void dime_raw_system_call();

/// The same as a C function: what a hook returns for a call that it lets pass.
long dime_raw_forward(long number, dime::agent::patch::Frame* frame);

#pragma GCC visibility pop
}
