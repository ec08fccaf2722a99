// SPDX-License-Identifier: GPL-2.0
// Facts about other processes, from /proc. Every call may find that the process has gone; that is
// an ordinary result.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace dime {

/// A process for good: a pid may be reused, the pair may not.
struct ProcessId {
  pid_t pid = 0;
  std::uint64_t start_time = 0;  ///< field 22 of /proc/PID/stat, in clock ticks since boot
  friend bool operator==(const ProcessId&, const ProcessId&) = default;
};

/// The process that `pid` names now. Error ESRCH: there is none.
Result<ProcessId> identify(pid_t pid);

/// True while the process runs. A zombie has ended; a process whose first thread has ended while
/// others run has not.
bool is_alive(const ProcessId& process);

/// True for a process that was killed, or whose first thread ends or has ended: nearly always, it
/// is gone in a moment. Only where first threads end alone, it goes on.
bool is_ending(const ProcessId& process);

/// In which namespaces this process's pids and start times count (core/namespaces.h); 0 without
/// /proc.
std::uint64_t own_namespaces();

/// False where /proc is missing (a chroot), or tells the pids of another namespace.
bool shows_own_namespace();

/// The pids here of all processes that know themselves as `pid`: the one of this pid namespace, and
/// those of namespaces below it.
std::vector<pid_t> pids_known_as(pid_t pid);

/// How many threads the process has; 0 where it has gone or cannot be looked at.
std::uint64_t thread_count(pid_t pid);

/// The value of `key` ("TracerPid") in the text of /proc/PID/status; empty where it has none.
std::string status_field(const std::string& status, const std::string& key);

/// The name that the kernel shows for the process ("comm").
Result<std::string> command_name(pid_t pid);

/// The effective user of the process.
Result<uid_t> process_owner(pid_t pid);

/// Path of the program that the process runs.
Result<std::string> executable_path(pid_t pid);

}  // namespace dime
