// SPDX-License-Identifier: GPL-2.0
// Memory of the program that a system call uses: there, and held until the call returns.
//
// A thread publishes the ranges that its call uses and looks at the pages then; who evicts marks
// the victim and looks at the ranges then. One of the two sees the other.
#pragma once

#include "engines/user/agent/inline/path.h"
#include "engines/user/agent/syscalls.h"

namespace dime::agent::calls {

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
class PinnedBuffers {
 public:
  /// All that collect_buffers() lists, there. Large lists hold everything that is local.
  PinnedBuffers(InlinePath& path, Thread& thread, long number, const Arguments& arguments);
  /// The pages of `range`, there.
  PinnedBuffers(InlinePath& path, Thread& thread, AddressRange range);
  /// None yet.
  PinnedBuffers(InlinePath& path, Thread& thread);
  /// The pages of `range` too, there.
  void hold(AddressRange range);
  /// The stack that the caller runs on, below `top`, which may be managed: `touched` bytes of it
  /// are there, for what the agent does with signals blocked and what the kernel reads and writes
  /// for it.
  void hold_stack(std::uint64_t top, std::uint64_t touched);
  ~PinnedBuffers();
  PinnedBuffers(const PinnedBuffers&) = delete;
  PinnedBuffers& operator=(const PinnedBuffers&) = delete;

 private:
  void add(AddressRange range);
  void add_buffers(long number, const Arguments& arguments);
  void fetch_pinned();

  InlinePath& path_;
  Thread& thread_;
  std::uint32_t first_;
  bool pinned_all_;
};

/// The call as it is, with its buffers pinned.
long call_with_buffers_pinned(InlinePath& path, Thread& thread, long number,
                              const Arguments& arguments);

/// True where the caller runs on a stack that may be managed: neither the thread's nor one for
/// signals.
bool is_on_unknown_stack(const Thread& thread);

}  // namespace dime::agent::calls
