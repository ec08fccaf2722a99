// SPDX-License-Identifier: GPL-2.0
// In which namespaces a pid and a start time count. Processes of one instance may live in several,
// and the same number then means another process, or none.
#pragma once

#include <cstdint>

namespace dime::namespaces {

/// The inode of a pid namespace, and above it that of a time namespace: start times are told with
/// the offset of the reader's. 0 where they could not be found out.
constexpr std::uint64_t pack(std::uint64_t pid_inode, std::uint64_t time_inode) {
  constexpr unsigned kHalf = 32;
  return (time_inode << kHalf) | static_cast<std::uint32_t>(pid_inode);
}

/// Whether a pid of the one means the same process in the other.
constexpr bool same_pids(std::uint64_t one, std::uint64_t other) {
  return static_cast<std::uint32_t>(one) != 0 &&
         static_cast<std::uint32_t>(one) == static_cast<std::uint32_t>(other);
}

/// Whether start times can be compared.
constexpr bool same_times(std::uint64_t one, std::uint64_t other) {
  constexpr unsigned kHalf = 32;
  return one >> kHalf == other >> kHalf;
}

/// The machine's first pid namespace (PROC_PID_INIT_INO), in which every process is seen.
constexpr bool is_first(std::uint64_t one) {
  constexpr std::uint32_t kFirst = 0xEFFFFFFC;
  return static_cast<std::uint32_t>(one) == kFirst;
}

}  // namespace dime::namespaces
