// SPDX-License-Identifier: GPL-2.0
// The environment through which a new program gets its agent.
#pragma once

#include <string>
#include <vector>

namespace dime {

/// Whether a program may run where its agent cannot start in it.
enum class AgentNeed { kOptional, kRequired };

/// A copy of this process's environment with the agent preloaded before anything else that is, and
/// the control block's path set.
std::vector<std::string> environment_with_agent(const std::string& agent,
                                                const std::string& control_path, AgentNeed need);

}  // namespace dime
