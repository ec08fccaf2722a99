// SPDX-License-Identifier: GPL-2.0
// Which mappings of a member have local pages, and where pages come in.
//
// The engine publishes counts of a process, not of its mappings. What can be seen from outside is
// which pages are there (/proc/PID/pagemap), at each look; a page that was not there at the last
// one has been touched for the first time or fetched since. It costs the program nothing but the
// kernel's walk over its page tables, and is done only while somebody watches.
#pragma once

#include <sys/types.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace dime {

/// A managed mapping.
struct MappingHeat {
  static constexpr std::size_t kCells = 20;

  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::string name;         ///< "[heap]", "[anon:NAME]", or empty
  std::uint64_t local = 0;  ///< pages that are there now
  std::uint64_t away = 0;   ///< that were at an earlier look, and are not: remote, or given back
  std::uint64_t came = 0;   ///< that are there, and were not at the last look
  std::array<std::uint64_t, kCells> came_in_cell{};  ///< the same, by place in the mapping
};

class TopHeat {
 public:
  /// Looks at the process. With another one than the last time everything begins anew. Error: it is
  /// gone, or not this user's.
  Result<void> refresh(pid_t pid);

  [[nodiscard]] pid_t pid() const { return pid_; }
  /// In the order of their addresses.
  [[nodiscard]] const std::vector<MappingHeat>& mappings() const { return mappings_; }
  /// Between the last two looks; 0 after the first.
  [[nodiscard]] double seconds() const { return seconds_; }
  /// Some mappings were left out: together they have more pages than are looked at.
  [[nodiscard]] bool is_partial() const { return partial_; }

 private:
  // What is known of the pages of a mapping. Ascending.
  struct Pages {
    std::uint64_t first = 0;  ///< its number, from address 0
    std::vector<bool> local;
    std::vector<bool> seen;
  };

  pid_t pid_ = 0;
  std::vector<MappingHeat> mappings_;
  std::vector<Pages> pages_;
  std::chrono::steady_clock::time_point looked_;
  double seconds_ = 0;
  bool partial_ = false;
};

}  // namespace dime
