// SPDX-License-Identifier: GPL-2.0
// Signals of the agent's (SIGBUS, SIGSYS) that were sent to the program while it believes them to
// be blocked.
//
// They cannot be blocked in the kernel while the program runs: a fault would kill. So the handler
// keeps them here, one of each kind for a thread and one for the process, as the kernel does. They
// are sent again when the program unblocks them; and for calls that look at what is pending, or
// wait for it, they are really blocked and pending for the length of the call, in which no fault is
// a signal.
#pragma once

#include "engines/user/agent/inline/signal_frame.h"

namespace dime::agent::signals {

/// Keeps one that the calling thread blocks. Under no lock, with signals blocked.
void keep(Thread& thread, const Info& info);

/// Sends again what is kept and not blocked any more.
void send_unblocked(Thread& thread);

/// Nothing is kept: in a forked child.
void forget_kept(Thread& thread);

/// For its life the kernel blocks what the thread believes to be blocked, and has it pending.
class ReallyBlocked {
 public:
  explicit ReallyBlocked(Thread& thread);
  ~ReallyBlocked();
  ReallyBlocked(const ReallyBlocked&) = delete;
  ReallyBlocked& operator=(const ReallyBlocked&) = delete;

 private:
  Thread& thread_;
  std::uint64_t blocked_;
};

/// True if a call that waits, or asks, must be made with ReallyBlocked: something is kept, or the
/// program has asked for such signals as events.
[[nodiscard]] bool must_block_really(const Thread& thread, long number);
/// A signalfd for one of them was made.
void note_signal_descriptor();

}  // namespace dime::agent::signals
