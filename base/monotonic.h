// SPDX-License-Identifier: GPL-2.0
// The clock that control blocks are written by.
#pragma once

#include <cstdint>
#include <ctime>

namespace dime {

/// Nanoseconds of CLOCK_MONOTONIC.
inline std::uint64_t monotonic_ns() {
  constexpr std::uint64_t kNanosInSecond = 1'000'000'000;
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * kNanosInSecond +
         static_cast<std::uint64_t>(now.tv_nsec);
}

}  // namespace dime
