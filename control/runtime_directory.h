// SPDX-License-Identifier: GPL-2.0
// The folder of this user's instances and named links. Nobody else can write to it, so nobody else
// can take its names, put a file in, or hold its lock.
#pragma once

#include <string>

#include "base/result.h"

namespace dime {

/// Its absolute path, whether or not it exists yet: $XDG_RUNTIME_DIR/dime where that variable names
/// a folder of this user's in memory (tmpfs), /dev/shm/dime-UID otherwise. $DIME_RUNTIME_DIR
/// overrides both: that folder itself where only this user can write to it, else `dime-UID` in it.
std::string runtime_directory();

/// The same, created with mode 0700 where it does not exist. Error: one that exists is another
/// user's, open to others, or no folder; or it cannot be created.
Result<std::string> ensure_runtime_directory();

/// Whether the folder is this user's alone. Error code ENOENT: there is none yet, and
/// ensure_runtime_directory() would create it.
Result<void> check_runtime_directory();

}  // namespace dime
