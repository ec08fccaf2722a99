// SPDX-License-Identifier: GPL-2.0
// Reading what pointers of the program point to, which may be anything.
#pragma once

#include <cstdint>

namespace dime::agent::program_memory {

/// Copies within the process, by the kernel. Returns how many bytes from `from` on could be read:
/// fewer than `bytes` where what comes next cannot. Where the kernel does not answer (a filter of
/// the program's), all are read as they are.
unsigned read_some(const void* from, void* to, unsigned bytes);

inline bool read(const void* from, void* to, unsigned bytes) {
  return read_some(from, to, bytes) == bytes;
}

/// True if the program has a filter of system calls: from then on nothing is asked of the kernel
/// that the program does not ask itself.
void ask_no_more();
[[nodiscard]] bool asks();

}  // namespace dime::agent::program_memory
