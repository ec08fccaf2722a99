// SPDX-License-Identifier: GPL-2.0
#include "core/link.h"

#include "core/atomic.h"
#include "core/config_string.h"
#include "core/fetch_times.h"
#include "core/jitter.h"

namespace dime::link {
namespace {

constexpr std::uint64_t kTicksPerNano = 64;  // 2^64 / 64 ns = 9 years of uptime

constexpr std::uint64_t kTicksPerSecond = kTicksPerNano * kNanosPerSecond;

std::uint64_t ticks_of(std::uint64_t bytes, BitsPerSecond bandwidth) {
  if (bandwidth.unlimited() || bytes == 0) {
    return 0;
  }
  // bytes * 8 * 64e9 fits into 64 bits up to 36 MB; a transfer is a page or a batch of pages.
  return (bytes * 8 * kTicksPerSecond - 1) / bandwidth.value + 1;
}

constexpr Nanos kLongest{config::kMaxLatencyNs};  // of what a block can ask for

constexpr Nanos round_up(std::uint64_t ticks) {
  return {(ticks + kTicksPerNano - 1) / kTicksPerNano};
}

/// When the wire is free, as a transfer of `length` ticks that is asked for at `asked` believes it.
/// The longest queue is one of write-backs, each as long as this transfer, behind an outage. A wire
/// that claims more was damaged, and is taken for free rather than waited for.
std::uint64_t believed(std::uint64_t free_at, std::uint64_t asked, std::uint64_t length) {
  constexpr std::uint64_t kOutages = 120 * kTicksPerSecond;
  constexpr unsigned kQueueBits = 21;  // twice the most that writeback_depth can be
  const std::uint64_t queue =
      length >> (63 - kQueueBits) == 0 ? length << kQueueBits : ~std::uint64_t{0} >> 1;
  return free_at > asked && free_at - asked > kOutages + queue ? asked : free_at;
}

/// The time of the wire between two moments, in ticks.
struct Hold {
  std::uint64_t start;
  std::uint64_t end;
  Nanos patience;
};

/// Where a transfer that could start at `start` and was asked for at `asked` comes to lie around
/// the outages. Waiting in the queue is waiting: without that, the transfers behind an outage
/// without an end would wait for it one after the other.
Hold around_outages(const dime_schedule& outages, std::uint64_t asked, std::uint64_t start,
                    std::uint64_t length) {
  const Nanos most{atomic::load(outages.outage_max_ns)};
  Nanos patience = (most < kLongest ? most : kLongest) - round_up(start - asked);
  const Nanos could{start / kTicksPerNano};
  const Nanos begin = schedule::after(outages, could, {}, patience);
  if (begin != could) {
    start = begin.value * kTicksPerNano;
  }
  const Nanos needs = round_up(length);
  const Nanos interrupted = schedule::after(outages, begin, needs, patience) - (begin + needs);
  return {start, start + length + interrupted.value * kTicksPerNano, patience};
}

/// Times of the whole fetch, and of that on the wire: what is left is spent behind the wire.
Nanos behind_wire(const dime_fetch_times& times, std::uint64_t bytes, BitsPerSecond bandwidth) {
  return fetch_times::at(times, bytes) - transfer_time(bytes, bandwidth);
}

bool has_times(const dime_fetch_times* times) {
  return times != nullptr && atomic::load(times->count) != 0;
}

}  // namespace

namespace {

void count(dime_link_direction& wire, std::uint64_t bytes, std::uint64_t length,
           const Transfer& transfer) {
  atomic::add(wire.bytes, bytes);
  atomic::add(wire.transfers, std::uint64_t{1});
  if (transfer.queueing != Nanos{}) {
    atomic::add(wire.queue_ns, transfer.queueing.value);
  }
  if (length == 0) {
    return;  // the wire is never busy, whatever the time
  }
  atomic::add(wire.busy_ns, length / kTicksPerNano);
  std::uint64_t none = 0;
  if (atomic::load(wire.first_ns) == 0) {
    atomic::compare_exchange(wire.first_ns, none, transfer.start.value);
  }
  atomic::raise(wire.last_ns, transfer.end.value);
}

}  // namespace

Transfer reserve(dime_link_direction& wire, Nanos now, std::uint64_t bytes,
                 BitsPerSecond bandwidth) {
  const std::uint64_t length = ticks_of(bytes, bandwidth);
  if (length == 0) {
    const Transfer transfer{now, now, {}, {}};
    count(wire, bytes, length, transfer);
    return transfer;
  }
  const std::uint64_t asked = now.value * kTicksPerNano;
  std::uint64_t free_at = atomic::load(wire.next_free);
  const auto from = [&] {
    const std::uint64_t free = believed(free_at, asked, length);
    return free > asked ? free : asked;
  };
  while (!atomic::compare_exchange(wire.next_free, free_at, from() + length)) {
  }
  const std::uint64_t start = from();
  const Transfer transfer{round_up(start), round_up(start + length), round_up(start) - now, {}};
  count(wire, bytes, length, transfer);
  return transfer;
}

Transfer reserve(dime_link_direction& wire, Nanos now, std::uint64_t bytes, BitsPerSecond bandwidth,
                 const dime_schedule* schedule) {
  if (schedule == nullptr || atomic::load(schedule->count) == 0) {
    return reserve(wire, now, bytes, bandwidth);
  }
  const std::uint64_t length = ticks_of(bytes, bandwidth);
  const std::uint64_t asked = now.value * kTicksPerNano;
  Hold hold{asked, asked, {}};
  std::uint64_t free_at = atomic::load(wire.next_free);
  do {
    const std::uint64_t free = believed(free_at, asked, length);
    const std::uint64_t start = length != 0 && free > asked ? free : asked;
    hold = around_outages(*schedule, asked, start, length);
  } while (length != 0 && !atomic::compare_exchange(wire.next_free, free_at, hold.end));
  const Transfer transfer{round_up(hold.start), round_up(hold.end), round_up(hold.start) - now,
                          hold.patience};
  count(wire, bytes, length, transfer);
  return transfer;
}

Nanos transfer_time(std::uint64_t bytes, BitsPerSecond bandwidth) {
  return round_up(ticks_of(bytes, bandwidth));
}

Nanos backlog(const dime_link_direction& wire, Nanos now) {
  return round_up(atomic::load(wire.next_free)) - now;
}

Terms terms_at(const Network& network, Nanos now, Terms otherwise) {
  return network.schedule == nullptr ? otherwise : schedule::at(*network.schedule, now, otherwise);
}

Nanos fetch(dime_link_direction& wire, Nanos now, std::uint64_t bytes, Terms terms,
            const Network& network) {
  const Transfer transfer = reserve(wire, now, bytes, terms.bandwidth, network.schedule);
  Nanos rest = has_times(network.times) ? behind_wire(*network.times, bytes, terms.bandwidth)
                                        : terms.latency;
  if (network.jitter != nullptr) {
    rest = jitter::jittered(*network.jitter, rest);
  }
  Nanos patience = transfer.patience;
  return network.schedule == nullptr
             ? transfer.end + rest
             : schedule::after(*network.schedule, transfer.end, rest, patience);
}

Nanos unloaded_stall(const dime_parameters& parameters, const dime_fetch_times* times) {
  const BitsPerSecond bandwidth{atomic::load(parameters.bandwidth_bps)};
  const Nanos transfer = transfer_time(kPageBytes, bandwidth);
  if (has_times(times)) {
    return transfer + behind_wire(*times, kPageBytes, bandwidth);
  }
  const std::uint64_t latency = atomic::load(parameters.latency_ns);
  const bool twice = (atomic::load(parameters.flags) & DIME_ONE_WAY) != 0;
  return Nanos{twice ? 2 * latency : latency} + transfer;
}

Nanos unloaded_stall(const dime_parameters& parameters, const dime_fetch_times* times,
                     const dime_tier& tier) {
  const std::uint32_t own = atomic::load(tier.own);
  if ((own & (DIME_OWN_LATENCY | DIME_OWN_BANDWIDTH)) == 0) {
    return unloaded_stall(parameters, times);
  }
  dime_parameters terms = parameters;
  terms.latency_ns = (own & DIME_OWN_LATENCY) != 0 ? tier.latency_ns : parameters.latency_ns;
  terms.bandwidth_bps =
      (own & DIME_OWN_BANDWIDTH) != 0 ? tier.bandwidth_bps : parameters.bandwidth_bps;
  return unloaded_stall(terms);
}

}  // namespace dime::link
