// SPDX-License-Identifier: GPL-2.0
#include "engines/user/agent/tiers.h"

namespace dime::agent {

bool Tiers::start(Memory& memory, const char* comm, std::uint32_t* matched) {
  if (in_use()) {
    return true;
  }
  auto* const rules = static_cast<dime_placement*>(memory.allocate(sizeof(dime_placement)));
  if (rules == nullptr || !map_.create(memory)) {
    return false;
  }
  rules_ = rules;
  comm_ = comm;
  matched_ = matched;
  return true;
}

void Tiers::read_rules(const dime_placement& rules) {
  __builtin_memcpy(rules_, &rules, sizeof rules);
}

void Tiers::name(Memory& memory, AddressRange range, const char* name) {
  if (names_ == nullptr) {
    names_ = static_cast<Named*>(memory.allocate(kNames * sizeof(Named)));
  }
  forget_names(range);
  if (names_ == nullptr || name_count_ == kNames || *name == '\0') {
    return;
  }
  Named& named = names_[name_count_++];
  named.range = range;
  TextWriter(named.name, sizeof named.name).put(Text(name));
}

/// What is named of `range` is no more; a name that begins before or ends behind it keeps that.
void Tiers::forget_names(AddressRange range) {
  for (unsigned i = 0; i < name_count_;) {
    Named& named = names_[i];
    if (!named.range.intersects(range)) {
      ++i;
    } else if (named.range.begin < range.begin) {
      named.range.end = range.begin;
      ++i;
    } else if (named.range.end > range.end) {
      named.range.begin = range.end;
      ++i;
    } else {
      named = names_[--name_count_];
    }
  }
}

/// The first named range that ends behind `address`, or null.
const Tiers::Named* Tiers::next_named(std::uint64_t address) const {
  const Named* next = nullptr;
  for (unsigned i = 0; i < name_count_; ++i) {
    const bool behind = names_[i].range.end > address;
    if (behind && (next == nullptr || names_[i].range.begin < next->range.begin)) {
      next = &names_[i];
    }
  }
  return next;
}

void Tiers::unmapped(AddressRange range) {
  map_.clear(range);
  forget_names(range);
}

void Tiers::moved(std::uint64_t from, std::uint64_t to, std::uint64_t bytes) {
  map_.move(from, to, bytes);
  const AddressRange old{from, from + bytes};
  forget_names({to, to + bytes});
  for (unsigned i = 0; i < name_count_; ++i) {
    AddressRange& range = names_[i].range;
    if (range.begin >= old.begin && range.end <= old.end) {
      range = {range.begin - from + to, range.end - from + to};
    }
  }
  forget_names(old);
}

}  // namespace dime::agent
