// SPDX-License-Identifier: GPL-2.0
// A policy as the user typed it, for an engine: that it is there, its parameters, and whether the
// engine sees what it needs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/shared_object.h"
#include "core/policy_choice.h"

namespace dime {

/// What the user engine sees of the accesses to local pages: nothing, but for faults.
inline constexpr std::uint32_t kUserEngineSees = 0;
/// The kernel engine has the accessed bits of the page tables.
inline constexpr std::uint32_t kKernelEngineSees = DIME_SEES_ACCESSED;

/// `label` is what stands before the text where it was given: `--policy `, `policy=`. The policy's
/// parameters are read into the choice.
Result<PolicyChoice> check_policy(std::string_view label, const std::string& text,
                                  std::uint32_t sees);

/// The same for the simulator, which sees what every policy needs.
Result<PolicyChoice> check_simulated_policy(std::string_view label, const std::string& text);

/// A shared object and its parameters, `./mine.so,chances=2`, for an engine that has `sees`. The
/// name must be no built-in policy's. Its code is not looked at yet.
Result<OwnChoice> check_own_policy(std::string_view label, const std::string& text,
                                   std::uint32_t sees);

/// What there is to know of a built-in policy beside its summary, a line each: parameters, source,
/// and where it is blind. Nothing of others.
std::vector<std::string> policy_details(const std::string& name);

/// The names of the policies that engines can use, between commas.
std::string policy_names();

}  // namespace dime
