// SPDX-License-Identifier: GPL-2.0
// The program's system calls, on their way to the kernel.
//
// The kernel answers EFAULT where it meets a remote page, so what a call may touch is made local
// and held until it returns. Calls that change mappings, signals, threads and processes are made
// together with what they change here.
#pragma once

#include "engines/user/agent/inline/path.h"
#include "engines/user/agent/inline/pinned_buffers.h"
#include "engines/user/agent/patch/patch.h"

namespace dime::agent::calls {

/// From now on on_call() works for `path`.
void start(InlinePath& path);

/// Makes a system call on the program's behalf: the hook of patch.h.
long on_call(long number, patch::Frame* frame);

/// How often a call is repeated that met a page which had gone again.
inline constexpr unsigned kRepeats = 4;

/// call_with_buffers_pinned(), and what the table of buffers does not know is met by repeating the
/// call.
long pinned_call(InlinePath& path, Thread& thread, long number, const Arguments& arguments);

// The kinds of calls.
/// A call with buffers; in pieces where they are larger than a part of the limit, if `chunkable`.
long buffers_call(InlinePath& path, Thread& thread, long number, const Arguments& arguments,
                  bool chunkable);
long map_call(InlinePath& path, Thread& thread, long number, const Arguments& arguments);
long signal_call(InlinePath& path, Thread& thread, long number, const Arguments& arguments);
long process_call(InlinePath& path, Thread& thread, long number, const Arguments& arguments,
                  patch::Frame& frame);
/// getrlimit(), setrlimit(), prlimit().
long limit_call(InlinePath& path, Thread& thread, long number, const Arguments& arguments);
long exec_call(InlinePath& path, Thread& thread, long number, const Arguments& arguments);
/// A call of a process that was let go: as the program makes it, but for what is virtual still.
long call_after_let_go(InlinePath& path, long number, patch::Frame& frame);
/// The end of the calling thread. Does not return.
long end_thread(InlinePath& path, Thread& thread, long number, const Arguments& arguments);
/// Calls that could close the agent's descriptors.
long descriptor_call(long number, const Arguments& arguments);

}  // namespace dime::agent::calls
