// SPDX-License-Identifier: GPL-2.0
#include "core/policy_choice.h"

namespace dime::policy_choice {

Refusal read(const dime_policy_ops& policy, Text text, PolicyChoice& choice) {
  choice = {};
  choice.policy = &policy;
  choice_text::set_defaults(policy.parameters, policy.parameter_count, choice.values);
  for (std::uint32_t at = choice_text::end_of_part(text, 0); at < text.size;) {
    const std::uint32_t end = choice_text::end_of_part(text, at + 1);
    const Text part = text.slice(at + 1, end);
    at = end;
    if (part.slice(0, part.find('=')) == Text("blind")) {
      if (!(part == Text("blind=ok"))) {
        return {"only ok is allowed", part};
      }
      choice.blind_ok = true;
      continue;
    }
    const Refusal refusal =
        choice_text::read_part(policy.parameters, policy.parameter_count, part, choice.values);
    if (!refusal.ok()) {
      return refusal;
    }
  }
  return {};
}

const char* missing(const dime_policy_ops& policy, std::uint32_t sees) {
  const std::uint32_t wanted = policy.needs & ~sees;
  if ((wanted & DIME_SEES_FUTURE) != 0) {
    return "when pages will be accessed, which only the simulator knows";
  }
  return (wanted & DIME_SEES_ACCESSES) != 0
             ? "every access to a page, and sees only faults"
             : "which local pages are accessed, and sees only faults";
}

}  // namespace dime::policy_choice
