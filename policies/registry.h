// SPDX-License-Identifier: GPL-2.0
// The policies that are built in, by name.
#pragma once

#include <cstdint>

#include "dime/policy.h"

namespace dime::policies {

extern const dime_policy_ops kFifo;
extern const dime_policy_ops kRandom;
extern const dime_policy_ops kLru;

inline constexpr const dime_policy_ops* kAll[] = {&kFifo, &kRandom};

/// The policy called `name`, or null.
constexpr const dime_policy_ops* find(const char* name) {
  for (const dime_policy_ops* const policy : kAll) {
    const char* a = policy->name;
    const char* b = name;
    while (*a != '\0' && *a == *b) {
      ++a;
      ++b;
    }
    if (*a == *b) {
      return policy;
    }
  }
  return nullptr;
}

}  // namespace dime::policies
