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
  bool create(Memory& memory, unsigned capacity = kCapacity);
  /// What create() takes.
  static constexpr std::uint64_t bytes(unsigned capacity) {
    return std::uint64_t{capacity} * 2 * sizeof(Region);
  }

  /// What is known of `address`, and how far around it that holds.
  struct Part {
    AddressRange range;
    unsigned tier;
    bool by_program;
  };
  [[nodiscard]] Part part_at(std::uint64_t address) const;

  [[nodiscard]] unsigned at(std::uint64_t address) const { return part_at(address).tier; }
  [[nodiscard]] bool empty() const { return count_ == 0; }
  /// True where some address is of `tier`.
  [[nodiscard]] bool knows(unsigned tier) const;
  /// True where one more range has room.
  [[nodiscard]] bool has_room() const { return count_ + 2 <= capacity_; }

  /// Rules say that `range` is of `tier`. True if that was not known.
  bool set_by_rule(AddressRange range, unsigned tier);
  /// The program says so.
  void set_by_program(AddressRange range, unsigned tier);
  /// The memory is gone: nothing is known of it any more.
  void clear(AddressRange range);
  /// The program moved memory to another place.
  void move(std::uint64_t from, std::uint64_t to, std::uint64_t bytes);

  /// What was of tier N is of tier now[N] from here on; kNoTier = nothing is known of it any more.
  static constexpr std::uint8_t kNoTier = 0xff;
  void renumber(const std::uint8_t* now);
  /// Says the same as `other`. REQUIRES: the same capacity.
  void copy(const TierMap& other);

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
  unsigned capacity_ = 0;
  unsigned count_ = 0;
  unsigned fresh_count_ = 0;
  bool overflowed_ = false;
};

}  // namespace dime
