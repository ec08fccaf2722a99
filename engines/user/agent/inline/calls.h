// SPDX-License-Identifier: GPL-2.0
// The program's system calls, on their way to the kernel.
//
// The kernel answers EFAULT where it meets a remote page, so what a call may touch is made local
// and held until it returns. Calls that change mappings, signals, threads and processes are made
// together with what they change here.
#pragma once

#include "engines/user/agent/inline/buffers.h"
#include "engines/user/agent/inline/path.h"
#include "engines/user/agent/patch/patch.h"

namespace dime::agent::calls {

/// From now on on_call() works for `path`.
void start(InlinePath& path);

/// Makes a system call on the program's behalf: the hook of patch.h.
long on_call(long number, patch::Frame* frame);

using Arguments = long[6];

/// The call as it is.
inline long raw(long number, const Arguments& arguments) {
  return system_call(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4],
                     arguments[5]);
}

/// Copies from and to the program's memory; false where it is not accessible.
bool read_program(InlinePath& path, Thread& thread, std::uint64_t address, void* to,
                  std::uint64_t bytes);
bool write_program(InlinePath& path, Thread& thread, std::uint64_t address, const void* from,
                   std::uint64_t bytes);

/// The pages of a call's buffers, held for the life of the object.
class Held {
 public:
  /// All that collect_buffers() lists, there. Large lists hold everything that is local.
  Held(InlinePath& path, Thread& thread, long number, const Arguments& arguments);
  /// The pages of `range`, there.
  Held(InlinePath& path, Thread& thread, AddressRange range);
  /// None yet.
  Held(InlinePath& path, Thread& thread);
  /// The pages of `range` too, there.
  void hold(AddressRange range);
  /// The stack that the caller runs on, below `top`, which may be managed: `touched` bytes of it
  /// are there, for what the agent does with signals blocked and what the kernel reads and writes
  /// for it.
  void hold_stack(std::uint64_t top, std::uint64_t touched);
  ~Held();
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;

 private:
  void add(AddressRange range);
  void add_buffers(long number, const Arguments& arguments);
  void settle();

  InlinePath& path_;
  Thread& thread_;
  std::uint32_t first_;
  bool held_all_;
};

/// The call as it is, with its buffers held.
long held_raw(InlinePath& path, Thread& thread, long number, const Arguments& arguments);

// The kinds of calls that are more than buffers.
long map_call(InlinePath& path, Thread& thread, long number, const Arguments& arguments);
long signal_call(InlinePath& path, Thread& thread, long number, const Arguments& arguments);
long process_call(InlinePath& path, Thread& thread, long number, const Arguments& arguments,
                  patch::Frame& frame);
long exec_call(InlinePath& path, Thread& thread, long number, const Arguments& arguments);
/// The end of the calling thread. Does not return.
long end_thread(InlinePath& path, Thread& thread, long number, const Arguments& arguments);
/// Calls that could close the agent's descriptors.
long descriptor_call(long number, const Arguments& arguments);

}  // namespace dime::agent::calls
