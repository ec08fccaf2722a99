// SPDX-License-Identifier: GPL-2.0
// The link: a wire of one direction that carries one transfer at a time, in the order of the
// requests.
//
// A transfer asked for at `now` starts when the wire is free and holds it for bytes / bandwidth;
// the latency is added behind that and does not hold the wire. With k threads this is a
// deterministic-service queue (M/D/1 for Poisson arrivals). The wire's time is kept in 1/64 ns and
// rounded up, so the carried bandwidth never exceeds the configured one and loses less than 0.1 %
// up to 2 Tbit/s. Lock-free: one compare-and-exchange on `next_free`. Threads and processes of all
// instances that name a link may call this at once.
#pragma once

#include "core/units.h"

namespace dime::link {

struct Transfer {
  Nanos start;     ///< when the wire takes it
  Nanos end;       ///< when its last bit is on the wire
  Nanos queueing;  ///< start - now
};

/// Reserves the wire for `bytes`. `now` must come from one clock for all users of the link.
/// Unlimited bandwidth: the transfer takes no time, never waits, and only counts.
Transfer reserve(dime_link_direction& wire, Nanos now, std::uint64_t bytes,
                 BitsPerSecond bandwidth);

/// The time that `bytes` hold the wire, rounded up; 0 when unlimited.
Nanos transfer_time(std::uint64_t bytes, BitsPerSecond bandwidth);

/// How far behind the wire is at `now`: the wait of a transfer that is asked for at `now`.
Nanos backlog(const dime_link_direction& wire, Nanos now);

/// The unloaded stall of one page fetch under `parameters`: latency (twice where it is one-way) +
/// transfer time.
Nanos unloaded_stall(const dime_parameters& parameters);

}  // namespace dime::link
