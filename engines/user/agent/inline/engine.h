// SPDX-License-Identifier: GPL-2.0
// The inline path in a process: its start, its maintenance thread, forks, detach.
#pragma once

#include "engines/user/agent/inline/path.h"
#include "engines/user/agent/patch/patch.h"

namespace dime::agent::inline_engine {

/// What the engine needs of the process. `left` is set to 1 when the process leaves the instance.
struct Host {
  Arena* arena;
  Membership* membership;
  AddressRange image;
  std::uint32_t* left;
};

/// Rewrites the system calls of the C library and its loader, which still go to the kernel as they
/// are. To be done before the arena takes the addresses around them. 0, or a negative errno, and
/// then nothing is changed: -ENOENT where there is no table for them.
long patch_libraries(const dime_control& control);

/// Starts in a process with one thread, after patch_libraries(): descriptors, signals, management.
/// 0, or a negative errno, and then nothing is left changed, the libraries included.
long start(const Host& host);

/// True in processes in which start() succeeded, and in their forked children.
[[nodiscard]] bool running();

/// What the program says of its memory through libdime: as PageManager has it.
int place(AddressRange range, unsigned tier);
void named(AddressRange range, const char* name);
void mark(const char* name);

/// The process ends: the last counts.
void end();

/// Brings everything home for good, and ends the agent's thread: what the program is about to do
/// would meet the agent. `why` is noted for the summary. Program threads, with no lock held.
void let_go(const char* why);

/// Readies the calling thread, if it is not yet.
void prepare_thread(Thread& thread);

/// fork(), or clone() without shared memory, as the program wants it.
long fork(Thread& thread, long number, const long (&arguments)[6], patch::Frame& frame);

/// The same in a process that was let go.
long fork_natively(long number, const long (&arguments)[6], patch::Frame& frame);
/// clone3(): the same, or to be made as it is where the memory is shared.
long clone3(Thread& thread, long number, const long (&arguments)[6], patch::Frame& frame);

}  // namespace dime::agent::inline_engine
