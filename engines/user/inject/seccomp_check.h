// SPDX-License-Identifier: GPL-2.0
// Whether the seccomp filters of a process let the agent work in it.
//
// A filter may kill the process for a system call that the program itself never makes. So the
// filters of every thread are fetched and evaluated for the calls of the injector and the agent
// before the first of them is made.
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <cstdint>
#include <span>

#include "engines/user/inject/stopped_process.h"

namespace dime {

/// What one filter answers for a call: a SECCOMP_RET value. An instruction that seccomp does not
/// have counts as SECCOMP_RET_KILL_PROCESS.
std::uint32_t evaluate_filter(std::span<const sock_filter> program, const seccomp_data& call);

/// Success if the process has no filters, or they permit everything. The error names the first call
/// that they do not, or says that the filters cannot be read (only root can).
Result<void> check_seccomp(const StoppedProcess& process);

}  // namespace dime
