// SPDX-License-Identifier: GPL-2.0
// What there is for a configuration string to refer to: the user engine's answers.
#pragma once

#include <vector>

#include "control/control_block.h"
#include "core/config_string.h"

namespace dime {

class UserValidator final : public config::Validator {
 public:
  /// `blocks` are all instances of this user by ascending id; they outlive the validator.
  explicit UserValidator(const std::vector<ControlBlock>& blocks) : blocks_(blocks) {}

  config::Present instance(std::uint32_t id) override;
  config::Reason policy(const char* name) override;
  config::Reason prefetch(const char* name) override;
  config::Reason scope(std::uint32_t scope) override;
  config::Reason pid(std::uint32_t instance_id, config::PidOperation operation,
                     std::uint32_t pid) override;

 private:
  const std::vector<ControlBlock>& blocks_;
};

}  // namespace dime
