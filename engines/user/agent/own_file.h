// SPDX-License-Identifier: GPL-2.0
// Opening files that the agent maps into the program: what base/own_file.h is for the commands.
#pragma once

#include <asm/stat.h>

#include <cstdint>

namespace dime::agent {

/// The effective user of this process.
std::uint32_t effective_user();

/// Opens a file with `access` (O_RDONLY or O_RDWR) without waiting, and without following a
/// symbolic link as the last part of its path; those of /proc, which lead to open files, are
/// followed. Fills `about`. Returns a descriptor; -EPERM: not a regular file of user `owner` that
/// nobody else may write; -EPROTO: shorter than `least` or longer than `most` bytes; or a negative
/// errno.
long open_own_file(const char* path, long access, std::uint32_t owner, std::uint64_t least,
                   std::uint64_t most, struct stat& about);

}  // namespace dime::agent
