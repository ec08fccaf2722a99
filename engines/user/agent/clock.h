// SPDX-License-Identifier: GPL-2.0
// CLOCK_MONOTONIC through the vDSO, which needs neither the C library nor TLS (about 25 ns).
#pragma once

#include "core/units.h"

namespace dime::agent::clock {

/// Finds the vDSO; without it now() makes a system call. Call once before now().
void prepare();

Nanos now();

/// As system calls want a time.
struct Timespec {
  std::int64_t seconds;
  std::int64_t nanos;
};
constexpr Timespec timespec_of(Nanos time) {
  return {static_cast<std::int64_t>(time.value / kNanosPerSecond),
          static_cast<std::int64_t>(time.value % kNanosPerSecond)};
}

/// Sleeps.
void sleep(Nanos time);

}  // namespace dime::agent::clock
