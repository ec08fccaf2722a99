// SPDX-License-Identifier: GPL-2.0
// Where remote pages lie: numbered slots of one page each in the arena's second half, registered
// with a userfaultfd of their own.
//
// That descriptor reports no events, because the handler itself discards slots and must not wait
// for itself.
#pragma once

#include "engines/user/agent/arena.h"
#include "engines/user/agent/userfault.h"

namespace dime::agent {

class Shadow {
 public:
  /// Registers the arena's shadow range. 0 or a negative errno.
  long create(Arena& arena);
  void destroy() { userfault_.close(); }
  /// In a forked child, whose slots are the parent's, copied: watches them anew.
  long reopen();
  [[nodiscard]] Userfault& descriptor() { return userfault_; }

  /// An empty slot, or kNone when all are used.
  std::uint32_t take();
  /// The slot is empty again (its page was moved out).
  void give_back_empty(std::uint32_t slot);
  /// The slot's page is not needed any more.
  void discard(std::uint32_t slot);

  [[nodiscard]] std::uint64_t address(std::uint32_t slot) const {
    return range_.begin + slot * kPageBytes;
  }
  /// What is kept with a slot: the sum of its page, see Space.
  [[nodiscard]] std::uint32_t& sum(std::uint32_t slot) { return sums_[slot]; }
  /// Moves the program's page at `from` into `slot`. 0 or a negative errno.
  [[nodiscard]] long move_in(std::uint32_t slot, std::uint64_t from) const {
    return userfault_.move(address(slot), from);
  }

  static constexpr std::uint32_t kNone = UINT32_MAX;

 private:
  Userfault userfault_;
  AddressRange range_;
  std::uint32_t* free_ = nullptr;  ///< stack of empty slots below fresh_
  std::uint32_t* sums_ = nullptr;  ///< by slot
  std::uint32_t free_count_ = 0;
  std::uint32_t fresh_ = 0;  ///< slots from here on were never used
  std::uint32_t slots_ = 0;
};

}  // namespace dime::agent
