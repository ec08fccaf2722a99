// SPDX-License-Identifier: GPL-2.0
// The names that a program has given to ranges of its memory.
//
// Kernels may not keep them (CONFIG_ANON_VMA_NAME), so engines do, for their rules. What is
// unmapped has no name any more; what is left of a range on either side keeps it. Ranges are a
// TierMap whose tier N is text N - 1; a text that no range has any more is free for another. Not
// thread-safe: guarded as the address space it is about.
#pragma once

#include "core/text.h"
#include "core/tier_map.h"
#include "dime/abi.h"

namespace dime {

class RangeNames {
 public:
  /// At most so many different names.
  static constexpr unsigned kMostNames = TierMap::kNoTier - 1;

  /// False without memory. `names` is at most kMostNames.
  bool create(Memory& memory, unsigned ranges, unsigned names);
  /// What create() takes.
  static constexpr std::uint64_t bytes(unsigned ranges, unsigned names) {
    return TierMap::bytes(ranges) + names * sizeof(Name);
  }

  /// `range` has this name from now on, or none if it is empty. False without room: then it has
  /// none.
  bool set(AddressRange range, Text name);
  void clear(AddressRange range) { map_.clear(range); }
  void move(std::uint64_t from, std::uint64_t to, std::uint64_t bytes) {
    map_.move(from, to, bytes);
  }
  [[nodiscard]] bool empty() const { return map_.empty(); }

  /// The name at an address, "" where there is none, and how far around it that holds.
  struct Part {
    AddressRange range;
    const char* name;
  };
  [[nodiscard]] Part at(std::uint64_t address) const;

  /// Says the same as `other`. REQUIRES: the same sizes.
  void copy(const RangeNames& other);

 private:
  struct Name {
    char text[DIME_PATTERN_BYTES];
  };

  [[nodiscard]] unsigned number_of(Text name);

  TierMap map_;
  Name* names_ = nullptr;
  unsigned count_ = 0;
};

}  // namespace dime
