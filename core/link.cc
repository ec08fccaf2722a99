// SPDX-License-Identifier: GPL-2.0
#include "core/link.h"

#include "core/atomic.h"

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

constexpr Nanos round_up(std::uint64_t ticks) {
  return {(ticks + kTicksPerNano - 1) / kTicksPerNano};
}

}  // namespace

Transfer reserve(dime_link_direction& wire, Nanos now, std::uint64_t bytes,
                 BitsPerSecond bandwidth) {
  const std::uint64_t length = ticks_of(bytes, bandwidth);
  const std::uint64_t asked = now.value * kTicksPerNano;
  std::uint64_t start = asked;
  if (length != 0) {
    std::uint64_t free_at = atomic::load(wire.next_free);
    do {
      start = free_at > asked ? free_at : asked;
    } while (!atomic::compare_exchange(wire.next_free, free_at, start + length));
  }
  const Transfer transfer{round_up(start), round_up(start + length), round_up(start) - now};
  atomic::add(wire.bytes, bytes);
  atomic::add(wire.transfers, std::uint64_t{1});
  atomic::add(wire.busy_ns, length / kTicksPerNano);
  atomic::add(wire.queue_ns, transfer.queueing.value);
  std::uint64_t none = 0;
  if (atomic::load(wire.first_ns) == 0) {
    atomic::compare_exchange(wire.first_ns, none, transfer.start.value);
  }
  atomic::raise(wire.last_ns, transfer.end.value);
  return transfer;
}

Nanos transfer_time(std::uint64_t bytes, BitsPerSecond bandwidth) {
  return round_up(ticks_of(bytes, bandwidth));
}

Nanos backlog(const dime_link_direction& wire, Nanos now) {
  return round_up(atomic::load(wire.next_free)) - now;
}

Nanos unloaded_stall(const dime_parameters& parameters) {
  const std::uint64_t latency = atomic::load(parameters.latency_ns);
  const bool twice = (atomic::load(parameters.flags) & DIME_ONE_WAY) != 0;
  return Nanos{twice ? 2 * latency : latency} +
         transfer_time(kPageBytes, BitsPerSecond{atomic::load(parameters.bandwidth_bps)});
}

}  // namespace dime::link
