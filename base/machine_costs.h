// SPDX-License-Identifier: GPL-2.0
// What this machine takes for the operations that emulation consists of, without emulation.
//
// Everything in DiME and in its tests that depends on how fast a machine is derives from these: no
// other constant may assume a fast one.
#pragma once

#include <chrono>
#include <cstdint>

namespace dime {

/// Means, not medians: what other programs take from this one counts, because they take it from
/// what is scaled by these figures as well.
struct MachineCosts {
  double spin_ns;         ///< a fixed piece of computing: a chain of 1,000 multiplications
  double fault_ns;        ///< the first touch of an anonymous page
  double signal_ns;       ///< a signal to oneself, to the end of its handler
  double wake_ns;         ///< from waking a thread that sleeps to its running, on any processor
  double system_call_ns;  ///< the shortest system call
  double clock_ns;        ///< a reading of the monotonic clock
};

/// Measures each for so long. Several time slices of the scheduler have their share of what other
/// programs take in each mean.
MachineCosts measure_costs(std::chrono::milliseconds each = std::chrono::milliseconds(40));

struct QuietCosts {
  double fault_ns;
  double signal_ns;
};

/// The two of which a remote access on the inline path consists, as they are between what other
/// programs take; some 2 ms in all. For telling whether the machine is as it was.
QuietCosts measure_quiet_costs();

/// How many times as long this machine takes as the one that the constants of the tests were chosen
/// on (machine A of docs/accuracy.md): the geometric mean of how many times as long a spin, a
/// fault, a signal and a wake take. At least 1, and at most 50.
double slowness(const MachineCosts& costs);

/// The least round latency that is at least 1.3 times the floor, and at least 20 us: one that can
/// be met well.
std::uint64_t suggested_latency(std::uint64_t floor_ns);

}  // namespace dime
