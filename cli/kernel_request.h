// SPDX-License-Identifier: GPL-2.0
// What the user asked for, as parts of a configuration string for /proc/dime_config.
#pragma once

#include <string>

#include "cli/emulation_options.h"

namespace dime::kernel {

/// The part that asks for this network; begins with a blank, or is empty.
std::string network_text(const NetworkRequest& network);

/// The part that asks for the parameters and the network that were given, likewise.
std::string changes_text(const EmulationRequest& request);

}  // namespace dime::kernel
