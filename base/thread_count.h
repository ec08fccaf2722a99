// SPDX-License-Identifier: GPL-2.0
// How many threads a process has.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace dime {

/// From /proc/PID/stat; 0 where the process has gone or cannot be looked at.
std::uint64_t thread_count(pid_t pid);

}  // namespace dime
