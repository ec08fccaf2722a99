// SPDX-License-Identifier: GPL-2.0
// What a fault costs the machine counts towards the stall, so the common case is apart: a page of
// the instance's own tier, over a network that nothing shapes.
#include "core/transfers.h"

#include "core/config_string.h"

namespace dime {
namespace {

/// A damaged block must not let a program sleep for years.
std::uint64_t latency_of(const std::uint64_t& shared) {
  const std::uint64_t latency = atomic::load(shared);
  return latency < config::kMaxLatencyNs ? latency : config::kMaxLatencyNs;
}

}  // namespace

Nanos Transfers::fetch_plain(Nanos at, std::uint64_t bytes) {
  const Nanos latency{round_trip(latency_of(parameters_.latency_ns))};
  const BitsPerSecond bandwidth{atomic::load(parameters_.bandwidth_bps)};
  return link::reserve(links_[0]->rx, at, bytes, bandwidth).end + latency;
}

Nanos Transfers::fetch_shaped(unsigned tier, Nanos at, std::uint64_t bytes) {
  const Cost cost = cost_of(tier, at);
  return link::fetch(cost.link->rx, at, bytes, cost.terms, cost.network);
}

void Transfers::write_back(unsigned tier, Nanos now) {
  if (tier != 0 || !network_.steady()) {
    const Cost cost = cost_of(tier, now);
    link::reserve(cost.link->tx, now, kPageBytes, cost.write_bandwidth, cost.network.schedule);
    return;
  }
  link::reserve(links_[0]->tx, now, kPageBytes,
                link::write_bandwidth(parameters_, {atomic::load(parameters_.bandwidth_bps)}));
}

Nanos Transfers::writeback_stall(unsigned tier, Nanos now) const {
  const Nanos queued = link::backlog(link_of(tier)->tx, now);
  if (queued == Nanos{} || (atomic::load(parameters_.flags) & DIME_WRITEBACK) == 0) {
    return {};
  }
  const BitsPerSecond bandwidth = cost_of(tier, now).write_bandwidth;
  if (bandwidth.unlimited()) {
    return {};
  }
  const Nanos allowed{link::transfer_time(kPageBytes, bandwidth).value *
                      atomic::load(parameters_.writeback_depth)};
  // A wire that claims to be behind by more than a full queue and an outage was damaged.
  const Nanos most{2 * allowed.value + 2 * config::kMaxLatencyNs};
  return queued <= allowed || queued > most ? Nanos{} : now + (queued - allowed);
}

link::Terms Transfers::terms_at(Nanos now) const {
  link::Terms terms = link::terms_at(
      network_, now,
      {{latency_of(parameters_.latency_ns)}, {atomic::load(parameters_.bandwidth_bps)}});
  terms.latency = {round_trip(terms.latency.value)};
  return terms;
}

// A tier's own bandwidth is that of both directions; the instance's write bandwidth, where it has
// one, is that of the others whatever the schedule says of the bandwidth.
// A tier with a latency or a bandwidth of its own has it whatever schedule and table say of the
// instance's; outages and jitter are for all.
Transfers::Cost Transfers::cost_of(unsigned tier, Nanos now) const {
  const link::Terms terms = terms_at(now);
  Cost cost{terms, link::write_bandwidth(parameters_, terms.bandwidth), link_of(tier), network_};
  if (tier == 0) {
    return cost;
  }
  const dime_tier& own = tiers_[tier];
  const std::uint32_t which = atomic::load(own.own);
  if ((which & DIME_OWN_LATENCY) != 0) {
    cost.terms.latency = {round_trip(latency_of(own.latency_ns))};
  }
  if ((which & DIME_OWN_BANDWIDTH) != 0) {
    cost.terms.bandwidth = {atomic::load(own.bandwidth_bps)};
    cost.write_bandwidth = cost.terms.bandwidth;
  }
  if ((which & (DIME_OWN_LATENCY | DIME_OWN_BANDWIDTH)) != 0) {
    cost.network.times = nullptr;
  }
  return cost;
}

}  // namespace dime
