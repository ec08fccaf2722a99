// SPDX-License-Identifier: GPL-2.0
// What several prefetchers do with a step and a window.
#pragma once

#include <cstdint>

namespace dime::prefetchers {

/// Names `wanted` pages after `page`, `step` apart, but at most `most`. Returns how many.
inline std::uint32_t propose_along(std::uint64_t page, std::uint64_t step, std::uint64_t wanted,
                                   std::uint64_t* pages, std::uint32_t most) {
  std::uint32_t count = 0;
  while (count < wanted && count < most) {
    page += step;
    pages[count++] = page;
  }
  return count;
}

/// A window of at most `most` pages, and not less than half of the last one: it may grow at once,
/// and shrinks by halves.
constexpr std::uint64_t window_after(std::uint64_t last, std::uint64_t wanted, std::uint64_t most) {
  const std::uint64_t window = wanted < most ? wanted : most;
  return window < last / 2 ? last / 2 : window;
}

}  // namespace dime::prefetchers
