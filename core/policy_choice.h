// SPDX-License-Identifier: GPL-2.0
// A policy as it is asked for: NAME, then PARAMETER=VALUE as often as wanted, between commas:
// `s3-fifo,small=10%`. Inside of a tier's terms, which are themselves between commas, colons do the
// same: `policy=s3-fifo:small=10%`. Every policy has the parameter blind=ok: it is wanted although
// the engine does not see what it needs.
#pragma once

#include "core/choice_text.h"
#include "dime/policy.h"

namespace dime {

struct PolicyChoice {
  const dime_policy_ops* policy = nullptr;
  std::uint64_t values[DIME_POLICY_PARAMETERS] = {};
  bool blind_ok = false;
};

namespace policy_choice {

using choice_text::is_well_formed;
using choice_text::name_of;

using Refusal = choice_text::Refusal;

/// Reads the parameters of `text` for `policy`, whose name it begins with.
Refusal read(const dime_policy_ops& policy, Text text, PolicyChoice& choice);

/// True where `policy` needs what an engine that has `sees` does not.
constexpr bool is_blind(const dime_policy_ops& policy, std::uint32_t sees) {
  return (policy.needs & ~sees) != 0;
}

/// What `policy` needs and `sees` has not, in words.
const char* missing(const dime_policy_ops& policy, std::uint32_t sees);

}  // namespace policy_choice
}  // namespace dime
