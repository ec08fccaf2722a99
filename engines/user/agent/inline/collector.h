// SPDX-License-Identifier: GPL-2.0
// Reads nested structures from the program's memory and lists what they point to.
#pragma once

#include "engines/user/agent/inline/call_table.h"

namespace dime::agent {

/// One enumeration of one call. Each function adds ranges; false means that the enumeration cannot
/// go on from there, because memory is unreadable, the list is full, or too much was read.
class Collector {
 public:
  Collector(const long (&arguments)[6], Reader reader, void* context, BufferList& list)
      : arguments_(arguments), reader_(reader), context_(context), list_(list) {}

  [[nodiscard]] std::uint64_t argument(int index) const {
    return static_cast<std::uint64_t>(arguments_[index]);
  }

  /// Null pointers and empty ranges are none.
  bool add(std::uint64_t begin, std::uint64_t bytes, bool written);
  bool in(std::uint64_t begin, std::uint64_t bytes) { return add(begin, bytes, false); }
  bool out(std::uint64_t begin, std::uint64_t bytes) { return add(begin, bytes, true); }

  /// `count` times `bytes`, without overflow.
  bool array(std::uint64_t begin, std::uint64_t count, std::uint64_t bytes, bool written);
  bool bits(std::uint64_t begin, std::uint64_t bits, bool written);
  bool string(std::uint64_t address, std::uint64_t longest);
  bool strings(std::uint64_t address);
  bool vector(std::uint64_t address, std::uint64_t count, bool written);
  bool message(std::uint64_t address, bool written);
  bool messages(std::uint64_t address, std::uint64_t count, bool written);
  bool counted(std::uint64_t begin, std::uint64_t counter, std::uint64_t most, bool written);
  bool sized(std::uint64_t begin, std::uint64_t offset, bool written);
  bool waiters(std::uint64_t address, std::uint64_t count);
  bool handle(std::uint64_t address, bool written);
  bool mask_pair(std::uint64_t address);
  /// A sock_fprog: a BPF program of a socket or of seccomp.
  bool filter(std::uint64_t address);

  /// What the table says of one argument.
  bool by_shape(int index, const Argument& argument);

  template <class T>
  bool read(std::uint64_t address, T& to) {
    return read(address, &to, sizeof to);
  }
  bool read(std::uint64_t address, void* to, std::uint64_t bytes);

 private:
  const long (&arguments_)[6];
  Reader reader_;
  void* context_;
  BufferList& list_;
  std::uint64_t budget_ = kReadBudget;

  // As much as an argument list can have (6 MiB) and more; each read costs kReadCost besides.
  static constexpr std::uint64_t kReadBudget = std::uint64_t{8} << 20U;
  static constexpr std::uint64_t kReadCost = 64;
};

/// Calls whose arguments mean different things by the value of another: ioctl, fcntl, prctl, futex,
/// ptrace and others.
void collect_special(long number, Collector& collector);

/// The part of collect_special for ioctl.
void collect_ioctl(std::uint64_t command, std::uint64_t pointer, Collector& collector);

}  // namespace dime::agent
