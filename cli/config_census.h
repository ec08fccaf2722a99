// SPDX-License-Identifier: GPL-2.0
// What there is for a configuration string to refer to: the user engine's answers.
#pragma once

#include <vector>

#include "core/config_string.h"
#include "engines/user/control/control_block.h"

namespace dime {

class UserCensus final : public config::Census {
 public:
  /// `blocks` are all instances of this user by ascending id; they outlive the census.
  explicit UserCensus(const std::vector<ControlBlock>& blocks) : blocks_(blocks) {}

  config::Reason instance(std::uint32_t id, bool remove) override;
  config::Reason policy(const char* name) override;
  config::Reason link(const char* name) override;
  config::Reason pid(std::uint32_t instance_id, config::PidOperation operation,
                     std::uint32_t pid) override;

 private:
  const std::vector<ControlBlock>& blocks_;
};

}  // namespace dime
