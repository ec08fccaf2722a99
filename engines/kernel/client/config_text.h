// SPDX-License-Identifier: GPL-2.0
// Configuration strings for /proc/dime_config.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "core/parameters.h"

namespace dime::kernel {

/// Asks for what the plan gives.
std::string string_for(const config::Plan& plan);

/// Creates the instance with all parameters as given, to go with its last member and its owner.
std::string creation_text(std::uint32_t id, const dime_parameters& parameters);

/// `sign` is '+' or '-': the processes join or leave the instance.
std::string members_text(std::uint32_t id, char sign, const std::vector<pid_t>& pids);

std::string removal_text(std::uint32_t id);

}  // namespace dime::kernel
