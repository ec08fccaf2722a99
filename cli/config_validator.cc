// SPDX-License-Identifier: GPL-2.0
#include "cli/config_validator.h"

#include <unistd.h>

#include "base/executable.h"
#include "cli/policy_check.h"
#include "cli/prefetch_check.h"
#include "control/members.h"

namespace dime {

using config::Reason;

config::Present UserValidator::instance(std::uint32_t id) {
  config::Present present;
  for (const ControlBlock& block : blocks_) {
    present.parameters = block.id() == id ? &block->parameters : present.parameters;
    present.next_id = block.id() + 1;
  }
  return present;
}

Reason UserValidator::policy(const char* name) {
  return check_policy("policy=", name, kUserEngineSees) ? Reason::kNone : Reason::kNoSuchPolicy;
}

Reason UserValidator::prefetch(const char* name) {
  return check_live_prefetcher("prefetch=", name) ? Reason::kNone : Reason::kNoSuchPrefetcher;
}

// Of mappings that are not anonymous the engine sees nothing.
Reason UserValidator::scope(std::uint32_t scope) {
  return scope == DIME_SCOPE_ANON ? Reason::kNone : Reason::kNoSuchScope;
}

Reason UserValidator::pid(std::uint32_t instance_id, config::PidOperation operation,
                          std::uint32_t pid) {
  for (const ControlBlock& block : blocks_) {
    for (const dime_member* const member : live_members(*block)) {
      if (pid_here(*member) == static_cast<pid_t>(pid)) {
        return block.id() == instance_id ? Reason::kNone : Reason::kPidTaken;
      }
    }
  }
  if (operation == config::PidOperation::kRemove) {
    return Reason::kNotAMember;
  }
  const auto id = static_cast<pid_t>(pid);
  const auto owner = process_owner(id);
  if (!identify(id) || !owner) {
    return Reason::kNoSuchProcess;
  }
  if (*owner != ::geteuid() && ::geteuid() != 0) {
    return Reason::kNotPermitted;
  }
  const auto facts = program_facts(fmt::format("/proc/{}/exe", pid));
  return facts && facts->kind == ProgramKind::kDynamic ? Reason::kNone : Reason::kCannotEmulate;
}

}  // namespace dime
