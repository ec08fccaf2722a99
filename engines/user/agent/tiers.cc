// SPDX-License-Identifier: GPL-2.0
#include "engines/user/agent/tiers.h"

#include "core/clamp.h"

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
  clamp::placement(*rules_);
}

bool Tiers::name(Memory& memory, AddressRange range, const char* name) {
  if (!has_names_ && *name == '\0') {
    return true;
  }
  has_names_ = has_names_ || names_.create(memory, kRanges, RangeNames::kMostNames);
  return has_names_ && names_.set(range, name);
}

void Tiers::unmapped(AddressRange range) {
  map_.clear(range);
  names_.clear(range);
}

void Tiers::moved(std::uint64_t from, std::uint64_t to, std::uint64_t bytes) {
  map_.move(from, to, bytes);
  names_.move(from, to, bytes);
}

}  // namespace dime::agent
