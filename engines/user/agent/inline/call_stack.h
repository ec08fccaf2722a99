// SPDX-License-Identifier: GPL-2.0
// The call stack of the interrupted code, for recordings: its instruction, and return addresses by
// frame pointers.
//
// Only the thread's own stack is read, above its stack pointer and within one mapping, and that is
// never managed: whatever a program that keeps no frame pointers has in rbp, nothing else is
// touched.
#pragma once

#include "core/call_stack.h"
#include "core/units.h"

namespace dime::agent {

/// Where a thread is in the program's code.
struct Site {
  std::uint64_t pc = 0;  ///< 0 = not known
  std::uint64_t frame_pointer = 0;
  std::uint64_t stack_pointer = 0;
};

/// Follows the frame pointers from `site` on, as long as they lead upwards within `stack`. Where
/// the stack pointer is elsewhere, only the instruction is known.
void walk(const Site& site, AddressRange stack, CallStack& found);

/// What of a thread's stack can be read from `stack_pointer` on, and from wherever the thread uses
/// it: the mapping, up to `thread_pointer` where the thread's own data are at its end. Reads
/// /proc/self/maps. 8 KiB of stack.
AddressRange readable_stack(std::uint64_t stack_pointer, std::uint64_t thread_pointer);

}  // namespace dime::agent
