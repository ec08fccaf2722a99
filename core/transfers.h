// SPDX-License-Identifier: GPL-2.0
// What it takes to fetch a page and to write one back: latency, bandwidth and link of its tier, and
// what shapes the network.
//
// A tier has what is said of it, and the instance's latency, bandwidth and link otherwise. Fetches
// queue on the link's one direction, write-backs on the other. Parameters change while it runs:
// each transfer takes what holds at its time.
//
// Lock-free, but use_link() must be called under the instance's lock.
#pragma once

#include "core/link.h"
#include "dime/abi.h"

namespace dime {

class Transfers {
 public:
  /// All outlive the transfers. `tiers` are DIME_MAX_TIERS, or null: there is one tier, 0, which is
  /// the instance itself.
  Transfers(const dime_parameters& parameters, link::Network network, const dime_tier* tiers)
      : parameters_(parameters), network_(network), tiers_(tiers) {}

  /// The pages of `tier` queue on `link` from now on; null = on the instance's.
  void use_link(unsigned tier, dime_link* link) { links_[tier] = link; }

  /// When `bytes` of `tier`, asked for at `at`, are here. They pay the latency once. REQUIRES: the
  /// instance has a link.
  [[nodiscard]] Nanos fetch(unsigned tier, Nanos at, std::uint64_t bytes) {
    return tier == 0 && network_.plain() ? fetch_plain(at, bytes) : fetch_shaped(tier, at, bytes);
  }

  /// A page of `tier` goes back.
  void write_back(unsigned tier, Nanos now);

  /// Until when the thread that sent back a page of `tier` stalls, because more pages are queued
  /// than may be; 0 = it does not.
  [[nodiscard]] Nanos writeback_stall(unsigned tier, Nanos now) const;

 private:
  struct Cost {
    link::Terms terms;
    BitsPerSecond write_bandwidth;
    dime_link* link;
    link::Network network;
  };

  [[nodiscard]] Nanos fetch_plain(Nanos at, std::uint64_t bytes);
  [[nodiscard]] Nanos fetch_shaped(unsigned tier, Nanos at, std::uint64_t bytes);
  [[nodiscard]] link::Terms terms_at(Nanos now) const;
  [[gnu::noinline]] [[nodiscard]] Cost cost_of(unsigned tier, Nanos now) const;
  [[nodiscard]] dime_link* link_of(unsigned tier) const {
    return tier == 0 || links_[tier] == nullptr ? links_[0] : links_[tier];
  }
  [[nodiscard]] std::uint64_t round_trip(std::uint64_t latency) const {
    return (atomic::load(parameters_.flags) & DIME_ONE_WAY) != 0 ? 2 * latency : latency;
  }

  const dime_parameters& parameters_;
  link::Network network_;
  const dime_tier* tiers_;
  dime_link* links_[DIME_MAX_TIERS] = {};
};

}  // namespace dime
