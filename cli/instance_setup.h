// SPDX-License-Identifier: GPL-2.0
// From a checked request to an instance that members can join: shared by run, attach and config.
#pragma once

#include "cli/emulation_options.h"
#include "control/control_block.h"
#include "engines/user/calibration/calibration.h"

namespace dime {

struct PreparedInstance {
  ControlBlock block;
  bool created = false;  ///< false: an instance with the same parameters was joined
};

/// Takes the calibration that is kept of this machine, or measures it, checks the stall against the
/// floor (raising a default one, with a notice on standard error), and creates the instance or
/// joins the one that --instance names. Options that were given and differ from an existing
/// instance's are an error. `owner_pid` is the process that waits for the result and keeps the
/// instance alive meanwhile. Nothing is left behind on an error.
Result<PreparedInstance> prepare_instance(const EmulationRequest& request, pid_t owner_pid);

/// An error where an option was given that differs from what the instance `id` has, or that is for
/// new instances.
Result<void> check_same(const EmulationRequest& request, std::uint32_t id,
                        const dime_parameters& instance);

/// The error where a request that is for one of `present` instances does not say for which, or
/// names one that does not exist.
tl::unexpected<Error> no_instance(const EmulationRequest& request, std::size_t present);

/// How often the floor is measured before a stall is refused: the floor is the best that this
/// machine does, and one noisy measurement must not refuse a stall.
inline constexpr int kMostCalibrations = 3;

/// Whether a floor of `floor_ns` would refuse the request's latency.
bool refuses(const EmulationRequest& request, std::uint64_t floor_ns);

/// Raises a default stall to the floor, and refuses one that was asked for and lies below, at
/// first, at a step of the schedule or in a tier, unless --allow-floor: then the plan says so.
Result<void> meet_floor(EmulationRequest& request, const dime_placement& placement,
                        std::uint64_t floor_ns);

/// The same for a change of an instance that has `present`: only what is changed is looked at, and
/// nothing is raised. `placement` is what there will be.
Result<void> check_change(EmulationRequest& request, const dime_parameters& present,
                          const dime_placement& placement, std::uint64_t floor_ns);

/// An error where the request names a policy or a prefetcher that the user engine does not have.
Result<void> check_choices(const EmulationRequest& request);
/// An error where a tier names a policy or a prefetcher that the user engine does not have.
Result<void> check_tier_choices(const dime_placement& placement);

/// Creates the links that tiers name, where there are none yet.
Result<void> ensure_tier_links(const dime_placement& placement);

/// Measures this machine; where that fails, the error says what is missing and how to fix it.
Result<dime_calibration> calibrate_here(const Companions& companions, const FaultPath& path);

/// The agent and the probe that belong to this `dime`: in ../lib of the build or where the
/// installation has them (kAgentFromProgram), relative to the running executable.
Result<Companions> find_companions();

}  // namespace dime
