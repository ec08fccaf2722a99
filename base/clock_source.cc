// SPDX-License-Identifier: GPL-2.0
#include "base/clock_source.h"

#include <x86intrin.h>

#include <chrono>
#include <string>

#include "base/sysctl.h"

namespace dime {

ClockMark mark_clocks() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return {
      static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count()),
      __rdtsc()};
}

bool is_tsc_usable() {
  // A kernel that finds the counter unstable takes it off this list.
  const auto offered =
      read_small_file("/sys/devices/system/clocksource/clocksource0/available_clocksource");
  return offered && (" " + *offered + " ").find(" tsc ") != std::string::npos;
}

std::uint64_t tsc_frequency(const ClockMark& from, const ClockMark& to) {
  if (!is_tsc_usable() || to.monotonic_ns <= from.monotonic_ns) {
    return 0;
  }
  const auto ticks = static_cast<double>(to.tsc - from.tsc);
  return static_cast<std::uint64_t>(ticks * 1e9 /
                                    static_cast<double>(to.monotonic_ns - from.monotonic_ns));
}

}  // namespace dime
