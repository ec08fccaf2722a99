// SPDX-License-Identifier: GPL-2.0
// The processes of an instance, as its block knows them.
#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include "control/control_block.h"
#include "dime/abi.h"

namespace dime {

/// True for a member of `control` whose process is in the instance: STARTING, ACTIVE or LEAVING,
/// and alive. One that cannot be judged from here (another pid namespace that is not seen from this
/// one, no /proc) counts as alive.
bool is_live(const dime_control& control, const dime_member& member);

/// The pid by which this process knows a member's; 0 where it is not seen from here.
pid_t pid_here(const dime_member& member);

/// To be called before processes of this pid namespace become members.
void note_origin(dime_control& control);

/// Whether the `dime run` that waits for the result still does, as far as can be judged from here.
bool owner_waits(const dime_control& control);

/// The members that are live now.
std::vector<const dime_member*> live_members(const dime_control& control);

/// Whether process `pid` became a member at some time; the error says why it did not.
Result<void> check_agent_started(const dime_control& control, pid_t pid);

/// Members whose process was killed cannot say so: marks them ENDED and takes their pages off the
/// instance's levels, so that the shared limit does not stay occupied. Several callers may do so at
/// once; each member is taken off once. Returns how many were found.
unsigned reap_dead_members(dime_control& control);

/// Waits for members that are ending, and were killed or say nothing for another reason, to be
/// gone; at most patience(most).
void await_ending_members(const dime_control& control, std::chrono::milliseconds most);

/// True if nothing keeps the instance: no live member, no living owner, not made to stay.
bool is_stale(const dime_control& control);

/// This user's instance that process `pid` is a live member of.
Result<std::optional<std::uint32_t>> instance_of(pid_t pid);

}  // namespace dime
