// SPDX-License-Identifier: GPL-2.0
// Which tier the addresses of this process belong to.
//
// Sorted ranges without gaps in meaning: what lies in none is of tier 0. Rules and the program
// itself write it; what the program has placed, rules leave alone. A lookup is a binary search, a
// change copies the table. Not thread-safe: guarded as the Space that owns it.
#pragma once

#include "core/memory.h"
#include "core/units.h"

namespace dime {

class TierMap {
 public:
  static constexpr unsigned kCapacity = 8192;

  /// False without memory.
  bool create(Memory& memory);

  [[nodiscard]] unsigned at(std::uint64_t address) const;
  [[nodiscard]] bool empty() const { return count_ == 0; }

  /// Rules say that `range` is of `tier`. True if that was not known.
  bool set_by_rule(AddressRange range, unsigned tier);
  /// The program says so.
  void set_by_program(AddressRange range, unsigned tier);
  /// The memory is gone: nothing is known of it any more.
  void clear(AddressRange range);
  /// The program moved memory to another place.
  void move(std::uint64_t from, std::uint64_t to, std::uint64_t bytes);

  /// True when a change was left out for want of room, since the last call.
  bool overflowed();

 private:
  struct Region {
    AddressRange range;
    std::uint8_t tier;
    bool by_program;
  };

  [[nodiscard]] unsigned first_behind(std::uint64_t address) const;
  [[nodiscard]] bool says(AddressRange range, unsigned tier) const;
  void write(const Region& region, bool over_program);
  void emit(AddressRange range, const Region& as);

  Region* regions_ = nullptr;
  Region* fresh_ = nullptr;  ///< the table that is being written
  unsigned count_ = 0;
  unsigned fresh_count_ = 0;
  bool overflowed_ = false;
};

}  // namespace dime
