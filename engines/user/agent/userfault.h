// SPDX-License-Identifier: GPL-2.0
// userfaultfd as a type. Debian 12's kernel headers are older than UFFDIO_MOVE (6.8), so its few
// definitions are here.
#pragma once

#include <linux/userfaultfd.h>

#include "core/units.h"
#include "engines/user/agent/syscalls.h"

namespace dime::agent {

/// True for a page that has memory at `address`. Any thread.
[[nodiscard]] bool is_present(std::uint64_t address);

/// How many of the `pages` pages that were to be moved are at `to` now and gone from `from`, from
/// the first on: what the kernel has done where its answer cannot be relied on. Any thread.
[[nodiscard]] unsigned pages_moved(std::uint64_t to, std::uint64_t from, unsigned pages);

/// Owns a userfaultfd of this process. All operations return 0 or a negative errno and may be
/// called by any thread whose descriptor table holds it: the handler's.
class Userfault {
 public:
  enum class Events : std::uint8_t { kAll, kAllButFork, kSignals };

  /// What the descriptor is for, beside pages that are missing.
  enum class Use : std::uint8_t { kMoves, kProtects, kCopies };

  /// Opens one. Events: remap, remove, unmap (and fork, which needs CAP_SYS_PTRACE). kSignals: no
  /// events, and a fault is a SIGBUS of its thread, or EFAULT where the kernel took it. Only what
  /// `use` takes is asked of the kernel: older ones have no more.
  long open(Events events, Use use);
  void close();
  void disown() { fd_ = -1; }
  [[nodiscard]] int fd() const { return fd_; }
  void adopt(int fd) { fd_ = fd; }
  /// Where the number is kept, for those who renumber it.
  [[nodiscard]] int* place() { return &fd_; }

  [[nodiscard]] long register_missing(AddressRange range) const;
  /// Whoever writes to a page of `range`, which is registered by a descriptor for kProtects and
  /// lies in one mapping, faults from now on; or not any more.
  [[nodiscard]] long protect(AddressRange range, bool protects) const;
  void unregister(AddressRange range) const;

  /// Moves the page at `from` to the hole at `to`, whose mapping is registered here; wakes those
  /// who wait at `to`, unless they are to wait on.
  [[nodiscard]] long move(std::uint64_t to, std::uint64_t from, bool wakes = true) const;

  /// Moves up to `pages` pages that lie one behind the other. Returns how many, or a negative errno
  /// where the first could not be moved. Wakes nobody.
  [[nodiscard]] long move_run(std::uint64_t to, std::uint64_t from, unsigned pages) const;

  /// Copies a page of this process into the hole at `to` of the descriptor's process, and wakes
  /// those who wait there, unless they are to wait on.
  [[nodiscard]] long copy(std::uint64_t to, std::uint64_t from, bool wakes = true) const;

  /// Copies up to `pages` pages to the holes from `to` on, as far as there are holes. Returns how
  /// many, or a negative errno where there was none.
  [[nodiscard]] long copy_run(std::uint64_t to, std::uint64_t from, unsigned pages) const;

  /// Lets those who wait in the page at `address` try again.
  void wake(std::uint64_t address) const;

  /// Reads up to `capacity` messages without waiting. Returns how many, 0 when there are none.
  long read(uffd_msg* messages, unsigned capacity) const;

 private:
  int fd_ = -1;
  bool protects_ = false;
};

}  // namespace dime::agent
