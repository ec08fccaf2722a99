// SPDX-License-Identifier: GPL-2.0
#include "core/tier_map.h"

namespace dime {

bool TierMap::create(Memory& memory, unsigned capacity) {
  capacity_ = capacity;
  regions_ = static_cast<Region*>(memory.allocate(capacity * sizeof(Region)));
  fresh_ = static_cast<Region*>(memory.allocate(capacity * sizeof(Region)));
  return regions_ != nullptr && fresh_ != nullptr;
}

/// The first region that ends behind `address`.
unsigned TierMap::first_behind(std::uint64_t address) const {
  unsigned low = 0;
  for (unsigned high = count_; low < high;) {
    const unsigned middle = low + (high - low) / 2;
    if (regions_[middle].range.end <= address) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

TierMap::Part TierMap::part_at(std::uint64_t address) const {
  const unsigned i = first_behind(address);
  if (i < count_ && regions_[i].range.contains(address)) {
    return {regions_[i].range, regions_[i].tier, regions_[i].by_program};
  }
  const std::uint64_t begin = i == 0 ? 0 : regions_[i - 1].range.end;
  const std::uint64_t end = i == count_ ? ~std::uint64_t{0} : regions_[i].range.begin;
  return {{begin, end}, 0, /*by_program=*/false};
}

bool TierMap::knows(unsigned tier) const {
  for (unsigned i = 0; i < count_; ++i) {
    if (regions_[i].tier == tier) {
      return true;
    }
  }
  return false;
}

/// Whether all of `range` is of `tier`, or placed by the program.
bool TierMap::says(AddressRange range, unsigned tier) const {
  std::uint64_t at = range.begin;
  for (unsigned i = first_behind(at); at < range.end; ++i) {
    const std::uint64_t next = i < count_ ? regions_[i].range.begin : range.end;
    if (next > at && tier != 0) {
      return false;
    }
    if (i == count_ || next >= range.end) {
      return true;
    }
    if (regions_[i].tier != tier && !regions_[i].by_program) {
      return false;
    }
    at = regions_[i].range.end;
  }
  return true;
}

bool TierMap::set_by_rule(AddressRange range, unsigned tier) {
  if (range.empty() || says(range, tier)) {
    return false;
  }
  write({range, static_cast<std::uint8_t>(tier), /*by_program=*/false}, /*over_program=*/false);
  return true;
}

void TierMap::set_by_program(AddressRange range, unsigned tier) {
  write({range, static_cast<std::uint8_t>(tier), /*by_program=*/true}, /*over_program=*/true);
}

void TierMap::clear(AddressRange range) {
  if (const unsigned i = first_behind(range.begin);
      i < count_ && regions_[i].range.intersects(range)) {
    write({range, 0, /*by_program=*/false}, /*over_program=*/true);
  }
}

void TierMap::move(std::uint64_t from, std::uint64_t to, std::uint64_t bytes) {
  const AddressRange old{from, from + bytes};
  clear({to, to + bytes});
  for (std::uint64_t at = from; at < old.end;) {
    const unsigned i = first_behind(at);
    if (i == count_ || regions_[i].range.begin >= old.end) {
      break;
    }
    Region region = regions_[i];
    const AddressRange part = region.range.intersection(old);
    region.range = {part.begin - from + to, part.end - from + to};
    at = part.end;
    write(region, /*over_program=*/true);
  }
  clear(old);
}

void TierMap::renumber(const std::uint8_t* now) {
  unsigned kept = 0;
  for (unsigned i = 0; i < count_; ++i) {
    Region region = regions_[i];
    region.tier = now[region.tier];
    if (region.tier != kNoTier) {
      regions_[kept++] = region;
    }
  }
  count_ = kept;
}

void TierMap::copy(const TierMap& other) {
  for (unsigned i = 0; i < other.count_; ++i) {
    regions_[i] = other.regions_[i];
  }
  count_ = other.count_;
}

/// Appends to the fresh table, joined with its last entry where that says the same.
void TierMap::emit(AddressRange range, const Region& as) {
  if (range.empty() || (as.tier == 0 && !as.by_program)) {
    return;
  }
  if (fresh_count_ != 0) {
    Region& last = fresh_[fresh_count_ - 1];
    if (last.range.end == range.begin && last.tier == as.tier && last.by_program == as.by_program) {
      last.range.end = range.end;
      return;
    }
  }
  if (fresh_count_ == capacity_) {
    overflowed_ = true;
    return;
  }
  fresh_[fresh_count_++] = {range, as.tier, as.by_program};
}

/// The table anew, with `region` written over what was there.
void TierMap::write(const Region& region, bool over_program) {
  const AddressRange range = region.range;
  std::uint64_t filled = range.begin;
  const auto fill_to = [&](std::uint64_t end) {
    emit({filled, end}, region);
    filled = end > filled ? end : filled;
  };
  fresh_count_ = 0;
  for (unsigned i = 0; i < count_; ++i) {
    const Region& old = regions_[i];
    if (old.range.begin >= range.end) {
      fill_to(range.end);
    }
    if (!old.range.intersects(range)) {
      emit(old.range, old);
      continue;
    }
    emit({old.range.begin, range.begin}, old);
    if (old.by_program && !over_program) {
      const AddressRange kept = old.range.intersection(range);
      fill_to(kept.begin);
      emit(kept, old);
      filled = kept.end;
    }
    if (old.range.end > range.end) {
      fill_to(range.end);
      emit({range.end, old.range.end}, old);
    }
  }
  fill_to(range.end);
  Region* const before = regions_;
  regions_ = fresh_;
  fresh_ = before;
  count_ = fresh_count_;
}

bool TierMap::overflowed() {
  const bool was = overflowed_;
  overflowed_ = false;
  return was;
}

}  // namespace dime
