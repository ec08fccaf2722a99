// SPDX-License-Identifier: GPL-2.0
// Signals of a program whose faults are signals.
//
// SIGBUS and SIGSYS belong to the agent: they can be neither blocked nor given to the program,
// which sees the handlers and masks that it has set all the same, and gets those that are its own.
// One that is sent while the program believes it to be blocked is kept (pending_signals.h).
// The kernel cannot write a signal's frame to memory that is remote. So every handler of the
// program is entered by way of the agent's alternate stack, which is never managed: from there the
// frame is moved, as the program's own thread, to where the kernel would have put it.
#pragma once

#include <cstdint>

#include "engines/user/agent/inline/threads.h"

namespace dime::agent::signals {

/// As rt_sigaction has it.
struct Action {
  std::uint64_t handler;
  std::uint64_t flags;
  std::uint64_t restorer;
  std::uint64_t mask;
};
static_assert(sizeof(Action) == 32);

constexpr std::uint64_t bit(int signal) {
  return std::uint64_t{1} << (signal - 1);
}
inline constexpr int kBus = 7;
inline constexpr int kSystemCall = 31;
/// Those that can never be blocked.
inline constexpr std::uint64_t kOurs = bit(kBus) | bit(kSystemCall);

struct Context;

/// What the agent does with its own. `fault` is told of a SIGBUS: true if it was a fault of managed
/// memory and was resolved. `call` makes a system call that was dispatched.
struct Handlers {
  bool (*fault)(std::uint64_t address, bool writes, const Context& interrupted);
  /// A call that must not run in the hook is about to be made. False: this one may, by its
  /// arguments.
  bool (*before_raw)(long number, const long (&arguments)[6]);
  /// `registers` are those of a Context. The stack pointer is to be changed for the child of a
  /// clone() onto another stack.
  long (*call)(long number, long (&arguments)[6], std::uint64_t* registers);
};

/// Takes the agent's signals, and the actions that the process has. Before the program runs.
void start(const Handlers& handlers, Threads& threads);
/// In a forked child, in which only `thread` lives.
void continue_in_child(Thread& thread);
/// Nothing is emulated any more: from now on handlers run where the kernel puts them. The agent's
/// own stay, and pass on what is the program's. Under Exclusive.
void let_go();
/// In a forked child: what has a handler has the default from now on.
void forget_handlers();

/// Gives the calling thread an alternate stack.
void prepare(Thread& thread);

/// rt_sigaction, rt_sigprocmask and sigaltstack as the program sees them. Pointers are the
/// program's, resident, and valid: null where it gave none. In a child that shares its parent's
/// memory nothing of the parent's is changed.
long action(int signal, const Action* set, Action* old);
long mask(Thread& thread, int how, const std::uint64_t* set, std::uint64_t* old);
struct AlternateStack {
  std::uint64_t begin;
  std::int32_t flags;
  std::int32_t padding;
  std::uint64_t bytes;
};
long alternate_stack(Thread& thread, const AlternateStack* set, AlternateStack* old,
                     std::uint64_t stack_pointer);

/// The same calls after let_go(), with the program's pointers as they are: what was virtual becomes
/// real with them.
long real_action(const long (&arguments)[6]);
long real_mask(Thread& thread, const long (&arguments)[6]);
long real_stack(Thread& thread, const long (&arguments)[6]);
/// What the program believes to be blocked is. After let_go().
void apply_mask(Thread& thread);

/// A mask for a call that blocks the signals in it while it waits.
constexpr std::uint64_t without_ours(std::uint64_t mask) {
  return mask & ~kOurs;
}

}  // namespace dime::agent::signals
