// SPDX-License-Identifier: GPL-2.0
// What each advice of madvise() and process_madvise() means for memory whose pages may be remote.
// The same table is in docs/user-engine.md.
#pragma once

#include <cstdint>

namespace dime::agent {

enum class Advice : std::uint8_t {
  kNothing,  ///< to the kernel, which does the same with remote pages, or nothing
  kDrops,    ///< the content is gone: remote pages are forgotten
  kGuards,   ///< the same, and touching is a SIGSEGV until kUnguards
  kUnguards,
  kWipes,     ///< children find zeros: such memory stays local, and the kernel sees to it
  kPopulates  ///< the kernel touches all pages: they come home for it
};

// Numbers of the kernel's interface up to Linux 7.3; the C library's headers may be older.
struct AdviceEffect {
  std::int32_t number;
  Advice effect;
};
inline constexpr AdviceEffect kAdvices[] = {
    {0, Advice::kNothing},      // MADV_NORMAL
    {1, Advice::kNothing},      // MADV_RANDOM
    {2, Advice::kNothing},      // MADV_SEQUENTIAL
    {3, Advice::kNothing},      // MADV_WILLNEED
    {4, Advice::kDrops},        // MADV_DONTNEED
    {8, Advice::kNothing},      // MADV_FREE: the content may go, and need not
    {9, Advice::kNothing},      // MADV_REMOVE: shared memory only
    {10, Advice::kNothing},     // MADV_DONTFORK
    {11, Advice::kNothing},     // MADV_DOFORK
    {12, Advice::kNothing},     // MADV_MERGEABLE
    {13, Advice::kNothing},     // MADV_UNMERGEABLE
    {14, Advice::kNothing},     // MADV_HUGEPAGE
    {15, Advice::kNothing},     // MADV_NOHUGEPAGE
    {16, Advice::kNothing},     // MADV_DONTDUMP
    {17, Advice::kNothing},     // MADV_DODUMP
    {18, Advice::kWipes},       // MADV_WIPEONFORK
    {19, Advice::kNothing},     // MADV_KEEPONFORK
    {20, Advice::kNothing},     // MADV_COLD
    {21, Advice::kNothing},     // MADV_PAGEOUT
    {22, Advice::kPopulates},   // MADV_POPULATE_READ
    {23, Advice::kPopulates},   // MADV_POPULATE_WRITE
    {24, Advice::kDrops},       // MADV_DONTNEED_LOCKED
    {25, Advice::kNothing},     // MADV_COLLAPSE
    {100, Advice::kPopulates},  // MADV_HWPOISON
    {101, Advice::kPopulates},  // MADV_SOFT_OFFLINE
    {102, Advice::kGuards},     // MADV_GUARD_INSTALL
    {103, Advice::kUnguards},   // MADV_GUARD_REMOVE
};

/// Of an advice that is not in the table: kNothing.
constexpr Advice effect_of(long advice) {
  for (const AdviceEffect& known : kAdvices) {
    if (known.number == static_cast<std::int32_t>(advice)) {
      return known.effect;
    }
  }
  return Advice::kNothing;
}

}  // namespace dime::agent
