// SPDX-License-Identifier: GPL-2.0
#include <fmt/format.h>

#include "cli/command.h"
#include "policies/registry.h"

namespace dime {

const Command kPoliciesCommand = {"policies", "the replacement policies that there are",
                                  [](CLI::App&) -> std::function<int()> {
                                    return [] {
                                      for (const dime_policy_ops* const policy : policies::kAll) {
                                        fmt::print("{:<12} {}\n", policy->name, policy->summary);
                                      }
                                      return int{kSuccess};
                                    };
                                  }};

}  // namespace dime
