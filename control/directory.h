// SPDX-License-Identifier: GPL-2.0
// The files of all instances and named links of this user, in runtime_directory().
#pragma once

#include <string>
#include <vector>

#include "control/control_block.h"

namespace dime {

/// This user's instances by ascending id. Stale blocks are removed on the way, and links that no
/// instance names any more. Files that are not blocks of this version are left alone and left out.
Result<std::vector<ControlBlock>> open_instances();

/// Why files that have the name of an instance are none (another version's, cut, open to others).
std::vector<Error> unusable_instances();

/// Creates the file of a named link where there is none yet. To be called after an instance that
/// names it exists and before its members look for it. Error code EPROTO: a file of that name is no
/// link of this version.
Result<void> ensure_link(const std::string& name);

/// A copy of a named link as it is now.
Result<dime_link> read_link(const std::string& name);

/// Removes the files of named links that no instance names.
Result<void> remove_unused_links();

/// Where a named link of this user lies.
std::string link_path(const std::string& name);

/// Where the events of this user's instance lie while it is recorded.
std::string event_path(std::uint32_t instance_id);

/// Where members find the policy of this user's instance, if it has one of its own.
std::string policy_path(std::uint32_t instance_id);

/// The same of its prefetcher.
std::string prefetcher_path(std::uint32_t instance_id);

}  // namespace dime
