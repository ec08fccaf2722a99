// SPDX-License-Identifier: GPL-2.0
#include "core/range_names.h"

namespace dime {

bool RangeNames::create(Memory& memory, unsigned ranges, unsigned names) {
  names_ = static_cast<Name*>(memory.allocate(names * sizeof(Name)));
  count_ = names;
  return names_ != nullptr && map_.create(memory, ranges);
}

/// The number of `name`, given one if it has none; 0 where all are in use.
unsigned RangeNames::number_of(Text name) {
  unsigned free = 0;
  for (unsigned number = count_; number != 0; --number) {
    const bool in_use = map_.knows(number);
    if (in_use && Text(names_[number - 1].text) == name) {
      return number;
    }
    free = in_use ? free : number;
  }
  if (free != 0) {
    TextWriter(names_[free - 1].text, sizeof(Name::text)).put(name);
  }
  return free;
}

bool RangeNames::set(AddressRange range, Text name) {
  map_.clear(range);
  if (name.empty()) {
    return true;
  }
  const unsigned number = map_.has_room() ? number_of(name) : 0;
  if (number != 0) {
    map_.set_by_program(range, number);
  }
  return number != 0;
}

RangeNames::Part RangeNames::at(std::uint64_t address) const {
  const TierMap::Part part = map_.part_at(address);
  return {part.range, part.tier == 0 ? "" : names_[part.tier - 1].text};
}

void RangeNames::copy(const RangeNames& other) {
  map_.copy(other.map_);
  __builtin_memcpy(names_, other.names_, count_ * sizeof(Name));
}

}  // namespace dime
