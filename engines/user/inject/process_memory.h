// SPDX-License-Identifier: GPL-2.0
// Reading and writing the memory of another process, and finding things in it.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <span>
#include <vector>

#include "engines/user/inject/elf_image.h"
#include "engines/user/inject/process_maps.h"

namespace dime {

/// Copies all of `to.size()` bytes from `from`, or fails (EFAULT: not readable there; ESRCH: no
/// such process).
Result<void> read_memory(pid_t pid, RemoteAddress from, std::span<std::byte> to);

/// Copies all of `from` to `to`, which the process itself must be able to write.
Result<void> write_memory(pid_t pid, RemoteAddress to, std::span<const std::byte> from);

/// The C library as it lies in the process. Read from memory: its file may have been replaced since
/// the process started.
Result<ElfImage> read_library(pid_t pid, RemoteAddress base, std::string name);

/// A `syscall` instruction in code that the process has mapped: the kernel's vdso, or else the C
/// library.
Result<RemoteAddress> find_system_call(pid_t pid, const std::vector<ProcessMapping>& mappings);

}  // namespace dime
