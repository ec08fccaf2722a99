// SPDX-License-Identifier: GPL-2.0
// A set of address ranges: which memory is managed, or is to be left alone.
//
// A sorted array of disjoint ranges that do not touch. Changed under the engine's lock, read by any
// thread without it: a reader that meets a change looks again.
#pragma once

#include "core/memory.h"
#include "core/units.h"

namespace dime::agent {

class Regions {
 public:
  /// REQUIRES: called once, before any other method. False without memory.
  bool start(Memory& memory);

  /// Any thread, without the lock. O(log n).
  [[nodiscard]] bool contains(std::uint64_t address) const;
  [[nodiscard]] bool intersects(AddressRange range) const;
  /// True if all of `range`, which is not empty, is in the set.
  [[nodiscard]] bool covers(AddressRange range) const;

  /// The range that holds `address`, or an empty one. Under the lock.
  [[nodiscard]] AddressRange around(std::uint64_t address) const;

  /// `visit(AddressRange)` for each part of `range` that is not in the set. Under the lock; `visit`
  /// must not change the set.
  template <class Visit>
  void for_each_outside(AddressRange range, Visit&& visit) const {
    for (std::uint32_t i = first_behind(range.begin); i < count_ && ranges_[i].begin < range.end;
         ++i) {
      if (ranges_[i].begin > range.begin) {
        visit(AddressRange{range.begin, ranges_[i].begin});
      }
      range.begin = ranges_[i].end;
    }
    if (range.begin < range.end) {
      visit(range);
    }
  }

  /// Adds or takes out whole pages, under the lock. What does not fit (kCapacity ranges) is not
  /// added: false.
  bool add(AddressRange range);
  void remove(AddressRange range);

  /// Under the lock. `visit(AddressRange)` must not change the set.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (std::uint32_t i = 0; i < count_; ++i) {
      visit(ranges_[i]);
    }
  }

 private:
  static constexpr std::uint32_t kCapacity = 128 * 1024;

  template <class Holds>
  [[nodiscard]] bool ask(std::uint64_t address, Holds&& holds) const;
  [[nodiscard]] std::uint32_t first_behind(std::uint64_t address) const;
  void replace(std::uint32_t from, std::uint32_t to, const AddressRange* with,
               std::uint32_t how_many);

  AddressRange* ranges_ = nullptr;
  std::uint32_t count_ = 0;
  std::uint32_t version_ = 0;  ///< odd while the array changes
};

}  // namespace dime::agent
