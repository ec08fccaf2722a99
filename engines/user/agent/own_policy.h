// SPDX-License-Identifier: GPL-2.0
// A replacement policy of the user's, from the file beside the control block
// (engines/user/policy_image.h). Its code runs in the program as the agent's does.
#pragma once

#include "core/text.h"
#include "dime/policy.h"
#include "engines/user/agent/member.h"

namespace dime::agent {

class OwnPolicy {
 public:
  /// Maps a copy of the policy, if the instance has one. Children get it only if it is
  /// `for_children`. 0, -ENOENT: there is none, or another negative errno. To be called once.
  long load(const Membership& membership, bool for_children);

  /// The policy, if it has this name; else null.
  [[nodiscard]] const dime_policy_ops* find(Text name) const {
    return ops_ != nullptr && name == Text(ops_->name) ? ops_ : nullptr;
  }

 private:
  const dime_policy_ops* ops_ = nullptr;
};

}  // namespace dime::agent
