// SPDX-License-Identifier: GPL-2.0
// The agent of this process: its global state, and what the hooks need of it.
#pragma once

#include "core/units.h"
#include "engines/user/agent/advice.h"

namespace dime::agent::process {

/// Makes this process a member; see dime_agent_start() in entry.h.
/// `preloaded`: the program has not begun yet.
long start(const char* control_path, const char* agent_path, bool preloaded);

/// The process ends, by exit() or _exit(), also in a signal handler: the last figures go into the
/// control block, and with the last member the instance goes. Only the first call counts.
enum class Ending : std::uint8_t { kOrderly, kAtOnce };
void end(Ending how);

/// The agent's file, to preload, and the control block's.
[[nodiscard]] const char* agent_file();
[[nodiscard]] const char* control_file();

/// False in a child that shares or has copied this process's memory and is not (yet) a member
/// itself.
[[nodiscard]] bool is_member();

/// What the agent has mapped for itself.
[[nodiscard]] AddressRange own_memory();

/// The program mapped `range` of private anonymous memory, for a thread's stack (MAP_STACK) or not.
/// Returns when it is managed.
void on_mapped(AddressRange range, bool writable, bool stack);
/// The same of the program break's memory.
void on_heap_grown(AddressRange range);

/// The content of `range` is gone, which the kernel does not tell. Where a thread serves the
/// faults.
void on_dropped(AddressRange range);
/// The kernel has taken an advice about `range`. Where a thread serves the faults.
void on_advised(AddressRange range, Advice effect);

/// The program gives a name to private anonymous memory (PR_SET_VMA_ANON_NAME), or takes it back
/// (null).
void on_named(AddressRange range, const char* name);

/// A call of include/dime/call.h. 0 or a positive errno; 0 where this process is no member.
int on_call(std::uint64_t operation, std::uint64_t address, std::uint64_t bytes, const char* name);

/// Counts a started program that cannot be followed (static, setuid, 32-bit).
void note_not_followed();

/// True while children and started programs are to be followed.
[[nodiscard]] bool follows();
/// No started program is followed from now on, and each is counted.
void follow_nobody();
/// True while started programs that are not followed are counted.
[[nodiscard]] bool counts_started_programs();

}  // namespace dime::agent::process
