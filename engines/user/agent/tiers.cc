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

}  // namespace dime::agent
