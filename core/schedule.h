// SPDX-License-Identifier: GPL-2.0
// Schedules: how the network changes while a program runs, with nobody who would have to change it.
//
//   10s:latency=50us,bandwidth=1Gbit/s;20s:down;25s:up
//
// The steps lie in the control block, and whoever fetches a page looks up what holds at that time.
// Times count from the start of the schedule. A step holds until another one changes the same
// thing; what no step has named yet is as the parameters say. Between `down` and `up` nothing is
// transferred: what has been asked for waits, with the time it still needs, until the link is up,
// but no fetch waits longer than `outage_max_ns` for that.
#pragma once

#include "core/quantity.h"
#include "core/text.h"
#include "core/units.h"

namespace dime::schedule {

inline constexpr std::uint64_t kMaxAtNs = 1'000'000 * kNanosPerSecond;  // 11 days
inline constexpr std::uint64_t kDefaultOutageMaxNs = 10 * kNanosPerSecond;

/// Why a text is refused, and the part of it.
struct Refused {
  const char* problem = nullptr;  ///< null: not refused
  Text part;
};

/// Reads the form above, or `none`. `steps` is changed also where the text is refused.
Refused parse(Text text, dime_schedule& steps);

/// Reads one step, `TIME:CHANGE[,CHANGE..]`, and puts it behind those that `steps` has.
Refused append(Text text, dime_schedule& steps);

/// Writes what parse() reads as the same steps.
void write(TextWriter& out, const dime_schedule& steps);

/// Makes `schedule` what `wanted` says, to start at `now`, while others may read it. The longest
/// wait stays.
void set(dime_schedule& schedule, const dime_schedule& wanted, Nanos now);

/// Latency and bandwidth at a time.
struct Terms {
  Nanos latency;
  BitsPerSecond bandwidth;
};
/// What holds at `now` where the parameters say `otherwise`.
Terms at(const dime_schedule& schedule, Nanos now, Terms otherwise);

/// The moment at which `length` of uptime has passed since `from`, and of `patience` what is left
/// when the outages on the way were waited for. What no patience is left for is not waited for.
Nanos after(const dime_schedule& schedule, Nanos from, Nanos length, Nanos& patience);

}  // namespace dime::schedule
