// SPDX-License-Identifier: GPL-2.0
// Starting programs: the environment through which a new program is followed, and which programs
// cannot be.
#pragma once

namespace dime::agent::exec {

/// execveat with the environment changed so that the program is followed (or not, where children
/// are not). Returns a negative errno if it returns. Safe in a vfork child: uses its own stack
/// only.
long run(int directory, const char* path, char* const* arguments, char* const* environment,
         int flags);

}  // namespace dime::agent::exec
