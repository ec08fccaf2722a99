// SPDX-License-Identifier: GPL-2.0
// Where remote pages lie: numbered slots of one page each in the arena's second half, registered
// with a userfaultfd of their own.
//
// That descriptor reports no events, because the handler itself discards slots and must not wait
// for itself.
//
// The first half are single slots; the second, groups of kRun, so that neighbours can be moved out
// together: a group is given out anew when all of it is empty again.
#pragma once

#include "engines/user/agent/arena.h"
#include "engines/user/agent/userfault.h"

namespace dime::agent {

class Shadow {
 public:
  /// Registers the arena's shadow range. `copies`: pages are copied in, not moved. 0 or a negative
  /// errno.
  long create(Arena& arena, bool copies);
  void destroy() { userfault_.close(); }
  /// In a forked child, whose slots are the parent's, copied: watches them anew.
  long reopen();
  [[nodiscard]] Userfault& descriptor() { return userfault_; }

  static constexpr unsigned kRun = 8;
  /// An empty slot, or kNone when all are used.
  std::uint32_t take();
  /// The first of `count` <= kRun empty slots, one behind the other, or kNone.
  std::uint32_t take_run(unsigned count);
  /// The slot is empty again (its page was moved out).
  void give_back_empty(std::uint32_t slot);
  /// The slot's page is not needed any more.
  void discard(std::uint32_t slot);

  /// Slots whose pages were copied out, at most kMost. They are emptied many at a time, because
  /// that interrupts every processor that runs the program.
  struct Stale {
    static constexpr std::uint32_t kMost = 128;
    std::uint32_t slots[kMost];
    std::uint32_t count = 0;
  };
  void add_stale(std::uint32_t slot);
  [[nodiscard]] std::uint32_t stale_count() const { return stale_.count; }
  /// All of them, which the caller is to empty and to give back.
  void take_stale(Stale& taken);
  /// Empties them. May be called by several threads, without the lock.
  void empty(const Stale& stale) const;

  [[nodiscard]] std::uint64_t address(std::uint32_t slot) const {
    return range_.begin + slot * kPageBytes;
  }
  /// What is kept with a slot: the sum of its page, see Space.
  [[nodiscard]] std::uint32_t& sum(std::uint32_t slot) { return sums_[slot]; }
  /// Moves the program's page at `from` into `slot`. 0 or a negative errno.
  [[nodiscard]] long move_in(std::uint32_t slot, std::uint64_t from) const {
    return userfault_.move(address(slot), from);
  }
  /// The same with those behind it: see Userfault::move_run().
  [[nodiscard]] long move_run_in(std::uint32_t slot, std::uint64_t from, unsigned pages) const {
    return userfault_.move_run(address(slot), from, pages);
  }

  /// Copies up to `pages` pages of the program at `from` into `slot` and those behind it: see
  /// Userfault::copy_run().
  [[nodiscard]] long copy_run_in(std::uint32_t slot, std::uint64_t from, unsigned pages) const {
    return userfault_.copy_run(address(slot), from, pages);
  }

  static constexpr std::uint32_t kNone = UINT32_MAX;

 private:
  Userfault userfault_;
  AddressRange range_;
  std::uint32_t* sums_ = nullptr;  ///< by slot
  std::uint32_t* free_ = nullptr;  ///< stack of empty single slots below fresh_
  std::uint32_t free_count_ = 0;
  std::uint32_t fresh_ = 0;         ///< single slots from here on were never used
  std::uint32_t singles_ = 0;       ///< the groups' slots begin here
  std::uint8_t* used_ = nullptr;    ///< of each group, a bit for each slot
  std::uint32_t* empty_ = nullptr;  ///< stack of empty groups below fresh_groups_
  std::uint32_t empty_count_ = 0;
  std::uint32_t fresh_groups_ = 0;  ///< groups from here on were never used
  std::uint32_t groups_ = 0;
  Stale stale_;
  bool copies_ = false;
};

}  // namespace dime::agent
