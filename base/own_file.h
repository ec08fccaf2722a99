// SPDX-License-Identifier: GPL-2.0
// Opening files and folders that nobody but this user may have written.
//
// What lies in a folder that others can write to may be theirs: a symbolic link to somewhere else,
// a FIFO that blocks the open, a file that its owner shortens while it is mapped. Control blocks,
// links and site tables are therefore opened here only; engines/user/agent/own_file.h is the same
// for the agent.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace dime {

/// Sizes that a file may have, in bytes.
struct FileSizes {
  std::uint64_t least = 0;
  std::uint64_t most = 0;
};

/// Opens a file with `access` (O_RDONLY or O_RDWR). Never follows a symbolic link as the last part
/// of the path and never waits. Error codes: EPERM: not a regular file of this user (the effective
/// one) that nobody else may write; EPROTO: of another size; or that of open().
Result<UniqueFd> open_own_file(const std::string& path, int access, FileSizes sizes);

/// True for a folder of this user's that nobody else may write to. Does not follow a symbolic link
/// as the last part of the path.
bool is_own_folder(const std::string& path);

/// Replaces the file at `path` by `content`, through a file of a new name beside it, so that others
/// see all of one or of the other. Its mode is 0600. It need not outlive a crash of the machine.
Result<void> write_own_file(const std::string& path, std::string_view content);

}  // namespace dime
