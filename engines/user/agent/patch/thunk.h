// SPDX-License-Identifier: GPL-2.0
// The assembly of thunk.cc, for patch.cc.
#pragma once

#include <cstdint>

#include "engines/user/agent/patch/patch.h"

extern "C" {
#pragma GCC visibility push(hidden)

/// What stubs call; not C functions.
void dime_thunk();
void dime_tested_thunk();

/// The page of raw system calls: its beginning, rt_sigreturn, and the gates, 8 bytes each.
void dime_raw_code();
void dime_raw_restorer();
void dime_gates();

/// Where the gates go on; 0 = free.
extern std::uint64_t dime_gate_cells[448];

/// The hook in force.
extern dime::agent::patch::Hook dime_patch_hook;
extern dime::agent::patch::BeforeRaw dime_patch_before_raw;

#pragma GCC visibility pop
}
