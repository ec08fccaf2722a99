// SPDX-License-Identifier: GPL-2.0
// Lays the shared object of a policy or a prefetcher out for the agents, which run it inside of the
// program.
#pragma once

#include <string>

#include "base/result.h"

namespace dime {

/// The content of the file that members take the policy or prefetcher from
/// (engines/user/own_image.h), of the shared object at `path`, which exports it as `symbol`.
/// `created_ns` is of the instance's control block; `label` stands in front of messages. Error:
/// what code in the program may not do, and how to build it otherwise: it needs a library, or uses
/// vector registers or thread-local storage, which are the program's.
Result<std::string> own_image(std::string_view label, const std::string& path, const char* symbol,
                              std::uint64_t created_ns);

}  // namespace dime
