// SPDX-License-Identifier: GPL-2.0
// Threads of the agent in the program's process: they have a table of file descriptors and a
// working folder of their own, and no TLS.
#pragma once

#include <cstdint>

namespace dime::agent::own_thread {

/// Starts one on the stack that ends at `stack_top`; it calls `entry(argument)` and ends
/// with what that returns, which is the process's status where no thread is left.
/// Its table of descriptors begins as a copy of the process's. All signals must be blocked: they
/// stay so in the thread. Returns its thread id, or a negative errno.
long start(std::uint64_t stack_top, int (*entry)(void*), void* argument);

}  // namespace dime::agent::own_thread
