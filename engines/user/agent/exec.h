// SPDX-License-Identifier: GPL-2.0
// Starting programs: the environment through which a new program is followed, and which programs
// cannot be.
#pragma once

#include "engines/user/agent/syscalls.h"

namespace dime::agent::exec {

/// execve or execveat as the program makes it. Its pointers may be anything.
struct Call {
  long number;
  long directory;
  const char* path;
  char* const* arguments;
  char* const* environment;
  long flags;

  static Call execve(const char* path, char* const* arguments, char* const* environment);
  static Call execveat(long directory, const char* path, char* const* arguments,
                       char* const* environment, long flags);
  /// With the registers of system call `number`, which is one of the two.
  static Call of(long number, const long (&registers)[6]);
};

/// Makes the call with the environment changed so that the program is followed (or not, where
/// children are not, or it cannot be). Returns a negative errno if it returns. Safe in a vfork
/// child: uses its own stack only, and little of it.
long run(const Call& call);

}  // namespace dime::agent::exec
