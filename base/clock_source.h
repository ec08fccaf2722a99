// SPDX-License-Identifier: GPL-2.0
// The processor's time-stamp counter: whether it can serve as a clock, and how fast it runs.
#pragma once

#include <cstdint>

namespace dime {

/// Both clocks at one moment.
struct ClockMark {
  std::uint64_t monotonic_ns;
  std::uint64_t tsc;
};

ClockMark mark_clocks();

/// True where the counter runs at one rate on all CPUs, as the kernel judges: it uses the counter
/// itself, or offers it.
bool is_tsc_usable();

/// Ticks a second between two marks; 0 where the counter is not usable.
std::uint64_t tsc_frequency(const ClockMark& from, const ClockMark& to);

}  // namespace dime
