// SPDX-License-Identifier: GPL-2.0
// What /proc/PID/stat says of a process.
#pragma once

#include <cstdint>

#include "core/units.h"

namespace dime::agent {

struct ProcessStat {
  bool known = false;  ///< false: there is no such process here, or no /proc
  char state = '\0';   ///< of its first thread
  std::uint64_t threads = 0;
  std::uint64_t start_time = 0;  ///< field 22
  int status = 0;                ///< exit status of its first thread, where that has ended
  AddressRange arguments;        ///< where arguments and environment lie; empty if it is not told
  bool hidden = false;  ///< not known because there is no descriptor left, or no /proc: it may run

  /// All of it has ended. One whose first thread alone has ended is a zombie with threads, and goes
  /// on.
  [[nodiscard]] bool ended() const {
    return !known || ((state == 'Z' || state == 'X') && threads <= 1);
  }
};

/// A thread of the agent keeps its process from ending when no other is left.
class LastThread {
 public:
  /// At each tick of the agent's thread. True if it is the last one, which then has to end with
  /// status().
  bool is_left();
  [[nodiscard]] int status() const { return status_; }

 private:
  unsigned ticks_ = 0;
  int status_ = 0;
  bool first_was_not_last_ = false;
};

/// Of process `pid`, as the caller's /proc has it.
ProcessStat process_stat(std::uint32_t pid);
/// Of the calling process, also where /proc belongs to another pid namespace.
ProcessStat own_process_stat();

/// In which namespaces the calling process's pids and start times count (core/namespaces.h); 0
/// where that cannot be found out.
std::uint64_t own_namespaces();

/// Whether /proc is there, and tells the pids of the calling process's namespace.
bool shows_own_namespace();

}  // namespace dime::agent
