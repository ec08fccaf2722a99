// SPDX-License-Identifier: GPL-2.0
// Numbers the pages of a trace 0, 1, 2 .. in the order in which they appear, so that what replays
// it can use arrays.
//
// An open-addressing table with linear probing; the standard one takes several cache misses a look.
#pragma once

#include <cstdint>
#include <vector>

namespace dime::trace {

/// Not thread-safe. Holds up to 2^32 - 1 pages.
class PageIndex {
 public:
  /// The number of a page of a process, a new one if it is not known yet.
  std::uint32_t of(std::uint32_t process, std::uint64_t page) {
    if (2 * (used_ + 1) > slots_.size()) {
      grow();
    }
    Slot& slot = slot_of(process, page);
    if (slot.number == kFree) {
      slot = {page, process, count_++};
      ++used_;
    }
    return slot.number;
  }

  /// The page `from` of a process is called `to` from now on, and keeps its number. What was called
  /// `to` before, and a later page `from`, are other pages.
  void move(std::uint32_t process, std::uint64_t from, std::uint64_t to) {
    const std::uint32_t number = of(process, from);
    static_cast<void>(of(process, to));
    slot_of(process, to).number = number;
    slot_of(process, from).number = count_++;
  }

  static constexpr std::uint32_t kNone = UINT32_MAX;
  /// The number of a page that is known, or kNone.
  [[nodiscard]] std::uint32_t find(std::uint32_t process, std::uint64_t page) const {
    return slots_.empty() ? kNone : slots_[place_of(process, page)].number;
  }

  /// Calls `visit(process, page, number)` for each page, by its last name.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (const Slot& slot : slots_) {
      if (slot.number != kFree) {
        visit(slot.process, slot.page, slot.number);
      }
    }
  }

  /// How many numbers were given.
  [[nodiscard]] std::uint32_t count() const { return count_; }

 private:
  static constexpr std::uint32_t kFree = kNone;
  struct Slot {
    std::uint64_t page = 0;
    std::uint32_t process = 0;
    std::uint32_t number = kFree;
  };

  [[nodiscard]] std::uint64_t place_of(std::uint32_t process, std::uint64_t page) const {
    // Fibonacci hashing: the upper bits of the product are well mixed.
    constexpr std::uint64_t kGolden = 0x9e3779b97f4a7c15;
    const std::uint64_t hash = (page + std::uint64_t{process} * 0xc2b2ae3d27d4eb4f) * kGolden;
    std::uint64_t at = hash >> shift_;
    while (slots_[at].number != kFree &&
           (slots_[at].page != page || slots_[at].process != process)) {
      at = (at + 1) & (slots_.size() - 1);
    }
    return at;
  }

  Slot& slot_of(std::uint32_t process, std::uint64_t page) {
    return slots_[place_of(process, page)];
  }

  void grow() {
    constexpr std::size_t kLeast = 1024;
    std::vector<Slot> old(slots_.empty() ? kLeast : slots_.size() * 2);
    old.swap(slots_);
    shift_ = 64;
    for (std::size_t size = slots_.size(); size > 1; size /= 2) {
      --shift_;
    }
    for (const Slot& slot : old) {
      if (slot.number != kFree) {
        slot_of(slot.process, slot.page) = slot;
      }
    }
  }

  std::vector<Slot> slots_;
  unsigned shift_ = 64;
  std::uint64_t used_ = 0;  ///< slots that are taken
  std::uint32_t count_ = 0;
};

}  // namespace dime::trace
