// SPDX-License-Identifier: GPL-2.0
// The maintenance thread of the inline path: new mappings, what other members ask for, the record
// in the control block, the command to leave.
//
// The program must not notice it: it ends where the kernel counts the threads of a process (user
// namespaces, seccomp, the end of the last thread) and is started again at the next fault. Where
// it cannot be started, faults do its work.
#pragma once

#include "engines/user/agent/inline/path.h"

namespace dime::agent::maintenance {

/// `detach` is called when the process is to leave its instance, and the thread ends then;
/// `followed` after each round. REQUIRES: called once, before the others. False without memory.
bool prepare(Memory& memory, InlinePath& path, void (*detach)(), void (*followed)());

/// Starts the thread, if there is none. 0 or a negative errno. Program threads only.
long start();

/// Ends the thread; returns when the kernel does not count it any more. Program threads only, with
/// no lock held.
void end();

/// In a forked child: there is none.
void continue_in_child();

/// What is to be done after a fault if there is no thread.
void attend();

/// The calling thread is about to end. The last of the program's threads ends the process, so ours
/// must not be there then; which one that is can only be said of the first thread, or after it.
void before_thread_end();

/// None while it lives, in the process itself: a child that shares its memory changes nothing.
class Paused {
 public:
  Paused();
  ~Paused();
  Paused(const Paused&) = delete;
  Paused& operator=(const Paused&) = delete;

 private:
  bool was_running_;
};

}  // namespace dime::agent::maintenance
