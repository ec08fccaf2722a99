// SPDX-License-Identifier: GPL-2.0
// The policies that are built in, by name. The list is policies/list.def.
#pragma once

#include <cstddef>

#include "core/text.h"
#include "dime/policy.h"

namespace dime::policies {

#define DIME_POLICY(file, symbol) extern const dime_policy_ops k##symbol;
#define DIME_SIMULATOR_POLICY(file, symbol) DIME_POLICY(file, symbol)
#include "policies/list.def"
#undef DIME_POLICY
#undef DIME_SIMULATOR_POLICY

/// Those that engines can use.
inline constexpr const dime_policy_ops* kAll[] = {
#define DIME_POLICY(file, symbol) &k##symbol,
#define DIME_SIMULATOR_POLICY(file, symbol)
#include "policies/list.def"
#undef DIME_POLICY
#undef DIME_SIMULATOR_POLICY
};

/// Those that the simulator can.
inline constexpr const dime_policy_ops* kSimulated[] = {
#define DIME_POLICY(file, symbol) &k##symbol,
#define DIME_SIMULATOR_POLICY(file, symbol) DIME_POLICY(file, symbol)
#include "policies/list.def"
#undef DIME_POLICY
#undef DIME_SIMULATOR_POLICY
};

template <std::size_t kCount>
constexpr const dime_policy_ops* find_in(const dime_policy_ops* const (&all)[kCount], Text name) {
  for (const dime_policy_ops* const policy : all) {
    if (Text(policy->name) == name) {
      return policy;
    }
  }
  return nullptr;
}

/// The policy called `name` that engines can use, or null.
constexpr const dime_policy_ops* find(Text name) {
  return find_in(kAll, name);
}
/// The policy called `name` that the simulator can use, or null.
constexpr const dime_policy_ops* find_simulated(Text name) {
  return find_in(kSimulated, name);
}

}  // namespace dime::policies
