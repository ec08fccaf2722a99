// SPDX-License-Identifier: GPL-2.0
// Entries of the C library that the agent replaces while it manages a process.
//
// New memory has to be managed before the program touches it, and malloc and the thread library map
// memory by calls inside the C library that no symbol interposition sees. So the entries of mmap
// and brk themselves are redirected, and those of execve and execveat, so that started programs are
// followed. Each is replaced whole (a system call and errno), which needs no decoding of
// instructions.
#pragma once

#include "core/units.h"

namespace dime::agent::hooks {

/// Redirects the entries. The process's other threads must not be inside their first bytes: call
/// while the process has one thread, or while the others are stopped. What cannot be redirected
/// stays; memory is then found late, by scanning. Returns false where nothing could be redirected
/// (another C library).
bool install();

/// Restores the entries, with a single aligned store each. Code that is inside a hook meanwhile
/// returns normally.
void remove();

}  // namespace dime::agent::hooks
