// SPDX-License-Identifier: GPL-2.0
// Hooks for the tests of the patcher; compiled without vector registers, as hooks have to be.
#pragma once

#include <cstdint>

#include "engines/user/agent/patch/patch.h"
#include "engines/user/agent/syscalls.h"

namespace dime::test {

/// Calls seen by counting_hook since the start, in all threads.
extern std::uint64_t hooked_calls;

/// Held around each fork by counting_hook.
extern agent::Mutex forking;

/// Counts and lets the call pass. clone() onto a new stack is made without one, as the contract
/// wants it.
long counting_hook(long number, agent::patch::Frame* frame);

}  // namespace dime::test
