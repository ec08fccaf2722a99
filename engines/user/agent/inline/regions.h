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

  /// The range that holds `address`, or an empty one. Under the lock.
  [[nodiscard]] AddressRange around(std::uint64_t address) const;

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

  [[nodiscard]] std::uint32_t first_behind(std::uint64_t address) const;
  void replace(std::uint32_t from, std::uint32_t to, const AddressRange* with,
               std::uint32_t how_many);

  AddressRange* ranges_ = nullptr;
  std::uint32_t count_ = 0;
  std::uint32_t version_ = 0;  ///< odd while the array changes
};

}  // namespace dime::agent
