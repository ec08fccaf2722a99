// SPDX-License-Identifier: GPL-2.0
// Reading and writing the memory of another process.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <span>

#include "engines/user/inject/elf_image.h"
#include "engines/user/inject/remote_address.h"

namespace dime {

/// Copies all of `to.size()` bytes from `from`, or fails (EFAULT: not readable there; ESRCH: no
/// such process).
Result<void> read_memory(pid_t pid, RemoteAddress from, std::span<std::byte> to);

/// Copies all of `from` to `to`, which the process itself must be able to write.
Result<void> write_memory(pid_t pid, RemoteAddress to, std::span<const std::byte> from);

/// The C library as it lies in the process. Read from memory: its file may have been replaced since
/// the process started.
Result<ElfImage> read_library(pid_t pid, RemoteAddress base, std::string name);

}  // namespace dime
