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

#include "core/atomic.h"
#include "core/schedule.h"
#include "core/units.h"

namespace dime::link {

using schedule::Terms;

/// What shapes the fetches of an instance besides latency and bandwidth; null = nothing does.
struct Network {
  dime_jitter* jitter = nullptr;
  const dime_fetch_times* times = nullptr;
  const dime_schedule* schedule = nullptr;

  /// True where latency and bandwidth are those of the parameters at all times.
  [[nodiscard]] bool steady() const {
    return schedule == nullptr || atomic::load_acquire(schedule->count) == 0;
  }
  /// True where latency and bandwidth are all there is to a fetch.
  [[nodiscard]] bool plain() const {
    return (jitter == nullptr || atomic::load_acquire(jitter->shape) == DIME_JITTER_NONE) &&
           (times == nullptr || atomic::load(times->count) == 0) && steady();
  }
};

struct Transfer {
  Nanos start;     ///< when the wire takes it
  Nanos end;       ///< when its last bit is on the wire
  Nanos queueing;  ///< start - now
  Nanos patience;  ///< what it still may wait for a link that is down
};

/// Reserves the wire for `bytes`. `now` must come from one clock for all users of the link.
/// Unlimited bandwidth: the transfer takes no time, never waits, and only counts.
Transfer reserve(dime_link_direction& wire, Nanos now, std::uint64_t bytes,
                 BitsPerSecond bandwidth);
/// Where `schedule` has the link down, the transfer waits or is interrupted until it is up.
[[gnu::noinline]] Transfer reserve(dime_link_direction& wire, Nanos now, std::uint64_t bytes,
                                   BitsPerSecond bandwidth, const dime_schedule* schedule);

/// Latency and bandwidth at `now` under the network's schedule, where the parameters say
/// `otherwise`.
Terms terms_at(const Network& network, Nanos now, Terms otherwise);

/// Fetches `bytes`, a page or several at once, which pay the latency once: reserves the wire and
/// returns when the data is there. `terms` are those of terms_at(), the latency twice where it is
/// one-way.
[[gnu::noinline]] Nanos fetch(dime_link_direction& wire, Nanos now, std::uint64_t bytes,
                              Terms terms, const Network& network);

/// The bandwidth of write-back under `parameters`, where that of fetches is `otherwise`.
inline BitsPerSecond write_bandwidth(const dime_parameters& parameters, BitsPerSecond otherwise) {
  const std::uint64_t own = atomic::load(parameters.write_bandwidth_bps);
  return own == 0 ? otherwise : BitsPerSecond{own == DIME_UNLIMITED ? 0 : own};
}

/// The time that `bytes` hold the wire, rounded up; 0 when unlimited.
Nanos transfer_time(std::uint64_t bytes, BitsPerSecond bandwidth);

/// How far behind the wire is at `now`: the wait of a transfer that is asked for at `now`.
Nanos backlog(const dime_link_direction& wire, Nanos now);

/// The unloaded stall of one page fetch under `parameters`: latency (twice where it is one-way) +
/// transfer time, or what `times` says where there is one. Without jitter.
Nanos unloaded_stall(const dime_parameters& parameters, const dime_fetch_times* times = nullptr);

/// The same for a page of `tier`, whose latency and bandwidth are the instance's where it has none
/// of its own.
Nanos unloaded_stall(const dime_parameters& parameters, const dime_fetch_times* times,
                     const dime_tier& tier);

}  // namespace dime::link
