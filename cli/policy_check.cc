// SPDX-License-Identifier: GPL-2.0
#include "cli/policy_check.h"

#include <fmt/format.h>

#include "cli/choice_details.h"
#include "cli/command.h"
#include "dime/abi.h"
#include "policies/registry.h"

namespace dime {
namespace {

// `parameters` stands behind the policy's name, with the comma.
Result<PolicyChoice> read_parameters(std::string_view label, const std::string& text,
                                     const dime_policy_ops& policy, Text parameters) {
  PolicyChoice choice;
  if (const auto refusal = policy_choice::read(policy, parameters, choice); !refusal.ok()) {
    const std::string own = parameters_of(policy);
    return fail(0, "{}{}: {}: {}; {} has {}{}blind=ok", label, text,
                std::string_view(refusal.part.data, refusal.part.size), refusal.problem,
                policy.name, own, own.empty() ? "" : ", ");
  }
  return choice;
}

// The policy and its parameters, whatever can run it; `names` are those that are allowed.
Result<PolicyChoice> read_policy(std::string_view label, const std::string& text,
                                 const std::string& names) {
  const dime_policy_ops* const policy = policies::find_simulated(policy_choice::name_of(text));
  if (policy == nullptr) {
    return fail(0, "{}{}: unknown policy; allowed: {}", label, text, names);
  }
  return read_parameters(label, text, *policy, text);
}

Result<void> check_sight(std::string_view label, const std::string& text,
                         const PolicyChoice& choice, std::uint32_t sees) {
  if (policy_choice::is_blind(*choice.policy, sees) && !choice.blind_ok) {
    return fail_with_hint(fmt::format("{}{},blind=ok", label, text),
                          "{}{}: blind in this engine: it needs to know {}", label, text,
                          policy_choice::missing(*choice.policy, sees));
  }
  return {};
}

}  // namespace

Result<PolicyChoice> check_policy(std::string_view label, const std::string& text,
                                  std::uint32_t sees) {
  if (names_shared_object(text)) {
    return fail(0, "{}{}: only --policy of a new instance and dime whatif take shared objects",
                label, text);
  }
  DIME_TRY(const PolicyChoice choice, read_policy(label, text, policy_names()));
  const dime_policy_ops* const policy = choice.policy;
  if (policies::find(Text(policy->name)) == nullptr) {
    return fail(0, "{}{}: only for dime whatif: it needs to know {}", label, text,
                policy_choice::missing(*policy, sees));
  }
  DIME_TRY_VOID(check_sight(label, text, choice, sees));
  return choice;
}

Result<PolicyChoice> check_simulated_policy(std::string_view label, const std::string& text) {
  if (names_shared_object(text)) {
    const SharedObjectText parts = split_shared_object(text);
    DIME_TRY(const dime_policy_ops* const policy, load_policy(label, parts.path));
    return read_parameters(label, text, *policy, parts.parameters);
  }
  return read_policy(label, text, names_of(policies::kSimulated) + ", all, ./FILE.so");
}

Result<OwnChoice> check_own_policy(std::string_view label, const std::string& text,
                                   std::uint32_t sees) {
  const SharedObjectText parts = split_shared_object(text);
  DIME_TRY(const dime_policy_ops* const policy, load_policy(label, parts.path));
  DIME_TRY(const PolicyChoice choice, read_parameters(label, text, *policy, parts.parameters));
  DIME_TRY_VOID(check_sight(label, text, choice, sees));
  if (policies::find_simulated(policy->name) != nullptr) {
    return fail(0, "{}{}: there is a built-in policy called {}", label, text, policy->name);
  }
  return own_choice(label, text, parts, policy->name);
}

std::vector<std::string> policy_details(const std::string& name) {
  const dime_policy_ops* const policy = policies::find_simulated(name);
  if (policy == nullptr) {
    return {};
  }
  std::vector<std::string> lines = details_of(*policy);
  if (policies::find(name) == nullptr) {
    lines.emplace_back("only in dime whatif");
  } else if (policy_choice::is_blind(*policy, kKernelEngineSees)) {
    lines.emplace_back("blind in the user and the kernel engine");
  } else if (policy_choice::is_blind(*policy, kUserEngineSees)) {
    lines.emplace_back("blind in the user engine");
  }
  return lines;
}

std::string policy_names() {
  return names_of(policies::kAll);
}

}  // namespace dime
