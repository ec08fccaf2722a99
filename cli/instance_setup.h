// SPDX-License-Identifier: GPL-2.0
// From a checked request to an instance that members can join: shared by run, attach and config.
#pragma once

#include "cli/emulation_options.h"
#include "engines/user/control/control_block.h"

namespace dime {

struct PreparedInstance {
  ControlBlock block;
  bool created = false;  ///< false: an instance with the same parameters was joined
};

/// Calibrates this machine, checks the stall against the floor (raising a default one, with a
/// notice on standard error), and creates the instance or joins the one that --instance names.
/// Options that were given and differ from an existing instance's are an error.
/// `owner_pid` is the process that waits for the result and keeps the instance alive meanwhile.
/// Nothing is left behind on an error.
Result<PreparedInstance> prepare_instance(const EmulationRequest& request, pid_t owner_pid);

/// The instance called `instance_id` of this user, for changing it.
Result<ControlBlock> open_instance(std::uint32_t instance_id);

/// Absolute path of the agent that belongs to this `dime`: ../lib of the build or ../lib/dime of
/// the installation, relative to the running executable.
Result<std::string> find_agent();

}  // namespace dime
