// SPDX-License-Identifier: GPL-2.0
// The link as a queue, in simulated time: throughput under k closed-loop threads, and waiting times
// of Poisson arrivals against the M/D/1 formula.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "core/link.h"

namespace dime {
namespace {

struct Load {
  unsigned threads;
  std::uint64_t bandwidth_bps;
};

class Throughput : public testing::TestWithParam<Load> {};

// Each thread asks for its next page as soon as it has the last one, 100 ns after the transfer's
// end.
TEST_P(Throughput, NeverExceedsTheBandwidthAndUsesIt) {
  const Load load = GetParam();
  const BitsPerSecond bandwidth{load.bandwidth_bps};
  dime_link_direction wire{};
  std::vector<Nanos> next(load.threads, Nanos{1'000'000});
  Nanos last{0};
  for (unsigned i = 0; i < 100'000; ++i) {
    Nanos& mine = *std::min_element(next.begin(), next.end());
    const link::Transfer transfer = link::reserve(wire, mine, kPageBytes, bandwidth);
    mine = transfer.end + Nanos{100};
    last = later(last, transfer.end);
  }
  const double seconds = static_cast<double>((last - Nanos{wire.first_ns}).value) / 1e9;
  const double carried = static_cast<double>(wire.bytes) * 8 / seconds;
  EXPECT_LE(carried, static_cast<double>(load.bandwidth_bps));
  // One thread leaves the wire idle for the 100 ns between its transfers.
  const double page_ns = 4'096 * 8e9 / static_cast<double>(load.bandwidth_bps);
  const double used = std::min(1.0, load.threads * page_ns / (page_ns + 100));
  EXPECT_GE(carried, 0.99 * used * static_cast<double>(load.bandwidth_bps));
}

INSTANTIATE_TEST_SUITE_P(Loads, Throughput,
                         testing::Values(Load{1, 1'000'000'000}, Load{2, 1'000'000'000},
                                         Load{4, 1'000'000'000}, Load{64, 1'000'000'000},
                                         Load{2, 40'000'000'000}, Load{4, 40'000'000'000},
                                         Load{64, 40'000'000'000}, Load{4, 100'000'000'000},
                                         Load{64, 400'000'000'000}, Load{64, 1'000'000'000'000},
                                         Load{4, 123'456'789}));

class Waiting : public testing::TestWithParam<double> {};

// M/D/1: mean wait = rho * service / (2 * (1 - rho)).
TEST_P(Waiting, MatchesTheFormula) {
  const double rho = GetParam();
  constexpr double kServiceNs = 1'000;
  constexpr BitsPerSecond kBandwidth{32'768'000'000};
  std::mt19937_64 random(20261123);
  std::exponential_distribution<double> gap(rho / kServiceNs);
  dime_link_direction wire{};
  double now = 1e6;
  double waited = 0;
  constexpr unsigned kArrivals = 2'000'000;
  for (unsigned i = 0; i < kArrivals; ++i) {
    now += gap(random);
    waited += static_cast<double>(
        link::reserve(wire, {static_cast<std::uint64_t>(now)}, kPageBytes, kBandwidth)
            .queueing.value);
  }
  const double expected = rho * kServiceNs / (2 * (1 - rho));
  EXPECT_NEAR(waited / kArrivals, expected, 0.02 * expected);
  EXPECT_EQ(wire.queue_ns, static_cast<std::uint64_t>(waited));
}

INSTANTIATE_TEST_SUITE_P(Rho, Waiting, testing::Values(0.3, 0.6, 0.9));

}  // namespace
}  // namespace dime
