// SPDX-License-Identifier: GPL-2.0
// What a page costs by its tier. The link itself: link_test.cc.
#include "core/transfers.h"

#include <gtest/gtest.h>

namespace dime::test {
namespace {

constexpr Nanos kNow{1'000'000};
constexpr std::uint64_t kGbit = 1'000'000'000;

class TransfersTest : public ::testing::Test {
 protected:
  TransfersTest() {
    parameters_.latency_ns = 10'000;
    parameters_.writeback_depth = 2;
    tiers_[kSlow].latency_ns = 50'000;
    tiers_[kSlow].bandwidth_bps = kGbit;
    tiers_[kSlow].own = DIME_OWN_LATENCY | DIME_OWN_BANDWIDTH;
    transfers_.use_link(0, &link_);
  }
  /// Latency and transfer of a page, in ns.
  std::uint64_t stall(unsigned tier) {
    return (transfers_.fetch(tier, kNow, kPageBytes) - kNow).value;
  }

  static constexpr unsigned kPlain = 1;  ///< a tier with nothing of its own
  static constexpr unsigned kSlow = 2;
  static constexpr std::uint64_t kPageAtOneGbit = 32'768;

  dime_parameters parameters_{};
  dime_tier tiers_[DIME_MAX_TIERS]{};
  dime_link link_{};
  dime_link own_link_{};
  Transfers transfers_{parameters_, {}, tiers_};
};

TEST_F(TransfersTest, ATierHasTheInstancesTermsOrItsOwn) {
  EXPECT_EQ(stall(0), 10'000u);
  EXPECT_EQ(stall(kPlain), 10'000u);
  EXPECT_EQ(stall(kSlow), 50'000u + kPageAtOneGbit);
}

TEST_F(TransfersTest, ParametersHoldFromTheNextTransferOn) {
  EXPECT_EQ(stall(0), 10'000u);
  parameters_.latency_ns = 30'000;
  EXPECT_EQ(stall(0), 30'000u);
  EXPECT_EQ(stall(kPlain), 30'000u);
  EXPECT_EQ(stall(kSlow), 50'000u + kPageAtOneGbit);
}

TEST_F(TransfersTest, AOneWayLatencyIsPaidTwiceByAll) {
  parameters_.flags |= DIME_ONE_WAY;
  EXPECT_EQ(stall(0), 20'000u);
  EXPECT_EQ(stall(kSlow), 100'000u + kPageAtOneGbit);
}

TEST_F(TransfersTest, TiersShareTheInstancesLinkUnlessTheyHaveOne) {
  parameters_.bandwidth_bps = kGbit;
  EXPECT_EQ(stall(0), 10'000u + kPageAtOneGbit);
  EXPECT_EQ(stall(kPlain), 10'000u + 2 * kPageAtOneGbit);  // waits for the one before
  transfers_.use_link(kSlow, &own_link_);
  EXPECT_EQ(stall(kSlow), 50'000u + kPageAtOneGbit);
  EXPECT_EQ(own_link_.rx.transfers, 1u);
  EXPECT_EQ(link_.rx.transfers, 2u);
  transfers_.use_link(kSlow, nullptr);
  EXPECT_EQ(stall(kSlow), 50'000u + 3 * kPageAtOneGbit);
}

TEST_F(TransfersTest, WriteBackUsesTheOtherDirection) {
  parameters_.bandwidth_bps = kGbit;
  transfers_.write_back(0, kNow);
  EXPECT_EQ(link_.tx.bytes, kPageBytes);
  EXPECT_EQ(stall(0), 10'000u + kPageAtOneGbit);
}

TEST_F(TransfersTest, WriteBackMayHaveABandwidthOfItsOwn) {
  const auto held = [this](unsigned tier) {
    link_.tx.busy_ns = 0;
    transfers_.write_back(tier, kNow);
    return link_.tx.busy_ns;
  };
  parameters_.bandwidth_bps = kGbit;
  parameters_.write_bandwidth_bps = kGbit / 2;
  EXPECT_EQ(held(0), 2 * kPageAtOneGbit);
  EXPECT_EQ(held(kPlain), 2 * kPageAtOneGbit);
  EXPECT_EQ(held(kSlow), kPageAtOneGbit);  // its own in both directions
  EXPECT_EQ(stall(0), 10'000u + kPageAtOneGbit);
  parameters_.write_bandwidth_bps = DIME_UNLIMITED;
  EXPECT_EQ(held(0), 0u);
  parameters_.write_bandwidth_bps = 0;
  EXPECT_EQ(held(kPlain), kPageAtOneGbit);
}

TEST_F(TransfersTest, TheWriteBackQueueIsAsLongAsItsOwnBandwidthMakesIt) {
  parameters_.bandwidth_bps = 100 * kGbit;
  parameters_.write_bandwidth_bps = kGbit;
  parameters_.flags |= DIME_WRITEBACK;
  for (unsigned i = 0; i < 3; ++i) {
    transfers_.write_back(0, kNow);
  }
  EXPECT_EQ(transfers_.writeback_stall(0, kNow), kNow + Nanos{kPageAtOneGbit});
}

TEST_F(TransfersTest, AnEvictionStallsWhenMorePagesAreQueuedThanMayBe) {
  parameters_.bandwidth_bps = kGbit;
  parameters_.flags |= DIME_WRITEBACK;
  for (unsigned i = 0; i < 2; ++i) {
    transfers_.write_back(0, kNow);
    EXPECT_EQ(transfers_.writeback_stall(0, kNow), Nanos{});
  }
  transfers_.write_back(0, kNow);
  EXPECT_EQ(transfers_.writeback_stall(0, kNow), kNow + Nanos{kPageAtOneGbit});
  EXPECT_EQ(transfers_.writeback_stall(0, kNow + Nanos{kPageAtOneGbit}), Nanos{});
  parameters_.flags &= ~std::uint32_t{DIME_WRITEBACK};
  EXPECT_EQ(transfers_.writeback_stall(0, kNow), Nanos{});
}

}  // namespace
}  // namespace dime::test
