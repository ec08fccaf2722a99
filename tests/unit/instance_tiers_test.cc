// SPDX-License-Identifier: GPL-2.0
// Tiers inside one instance: what a page of each costs, whose limit it counts towards, and what a
// change of its tier does.
#include <gtest/gtest.h>

#include "tests/unit/model.h"

namespace dime {
namespace {

using test::Block;
using test::Engine;

constexpr unsigned kFar = 1;
constexpr unsigned kOwn = 2;
constexpr std::uint64_t kPerTier = 1'000;  // page n belongs to tier n / kPerTier

/// Pages 0.. are the instance's, 1000.. of a slower tier that shares its limit, 2000.. of a tier
/// with a limit of three pages, 7000.. always local.
class Tiers : public testing::Test {
 protected:
  Tiers() {
    block_.parameters.latency_ns = 5'000;
    block_.tiers[kFar].own = DIME_OWN_LATENCY | DIME_OWN_BANDWIDTH;
    block_.tiers[kFar].latency_ns = 60'000;
    block_.tiers[kOwn].own = DIME_OWN_LOCAL;
    block_.tiers[kOwn].local_npages = 3;
    Instance& instance = engine_.instance();
    for (const unsigned tier : {kOwn, unsigned{DIME_TIER_LOCAL}}) {
      instance.use_policy(tier, policies::kFifo, tier);
      instance.use_own_set(tier, true);
    }
    instance.use_tiers(
        [](void* context, PageId id) {
          auto& self = *static_cast<Tiers*>(context);
          const std::uint64_t page = self.engine_.instance().pool().page(id).value;
          return self.moved_ ? kFar : static_cast<unsigned>(page / kPerTier);
        },
        this);
  }

  void touch(std::uint64_t first, std::uint64_t count) {
    for (std::uint64_t page = first; page < first + count; ++page) {
      engine_.touch(page);
    }
  }
  std::uint64_t stall_of(std::uint64_t page) {
    const PageId id = engine_.table().find({page});
    const Fault fault = engine_.instance().begin(id, engine_.now);
    engine_.instance().abandon(id, fault);
    return (fault.ready - engine_.now).value;
  }
  PageId id_of(std::uint64_t page) { return engine_.table().find({page}); }

  Block block_{4};
  Engine engine_{block_};
  bool moved_ = false;
};

TEST_F(Tiers, EachHasItsOwnLatency) {
  touch(0, 5);
  touch(1'000, 5);
  ASSERT_EQ(engine_.state(0), PageState::kRemote);
  ASSERT_EQ(engine_.state(1'000), PageState::kRemote);
  EXPECT_EQ(stall_of(0), 5'000u);
  EXPECT_EQ(stall_of(1'000), 60'000u);
}

TEST_F(Tiers, WithoutALatencyOfItsOwnFollowTheInstance) {
  touch(2'000, 4);
  EXPECT_EQ(stall_of(2'000), 5'000u);
  block_.parameters.latency_ns = 9'000;
  EXPECT_EQ(stall_of(2'000), 9'000u);
}

TEST_F(Tiers, QueueOnTheirOwnLink) {
  dime_link wire{};
  block_.parameters.bandwidth_bps = 0;
  block_.tiers[kFar].bandwidth_bps = 32'768'000;  // a page in 1 ms
  engine_.instance().use_link(kFar, &wire);
  touch(1'000, 5);
  EXPECT_EQ(stall_of(1'000), 1'060'000u);
  EXPECT_EQ(stall_of(1'000), 2'060'000u);
  EXPECT_EQ(stall_of(1'000), 3'060'000u);
  EXPECT_EQ(wire.rx.transfers, 3u);
  EXPECT_EQ(block_.link.rx.transfers, 0u);
}

TEST_F(Tiers, ShareTheInstancesLimitInOneOrder) {
  touch(0, 2);
  touch(1'000, 2);
  touch(3, 1);
  EXPECT_EQ(engine_.state(0), PageState::kRemote);  // the oldest of both tiers
  EXPECT_EQ(engine_.state(1'000), PageState::kLocal);
  EXPECT_EQ(block_.levels.local_peak, 4u);
}

TEST_F(Tiers, KeepLimitsOfTheirOwn) {
  touch(0, 4);
  touch(2'000, 5);
  EXPECT_EQ(engine_.state(0), PageState::kLocal);
  EXPECT_EQ(engine_.state(2'001), PageState::kRemote);
  EXPECT_EQ(engine_.state(2'002), PageState::kLocal);
  EXPECT_EQ(block_.levels.local_pages, 4u);
  const dime_levels& own = block_.tier_uses[kOwn].levels;
  EXPECT_EQ(own.local_pages, 3u);
  EXPECT_EQ(own.local_peak, 3u);
  EXPECT_EQ(own.managed_pages, 5u);
  block_.tiers[kOwn].local_npages = 2;
  EXPECT_EQ(engine_.instance().trim_tiers(engine_.now, 9, engine_.closer()), 1u);
  EXPECT_EQ(own.local_pages, 2u);
}

TEST_F(Tiers, LocalPagesNeverLeave) {
  touch(7'000, 50);
  touch(0, 50);
  EXPECT_EQ(engine_.instance().trim_tiers(engine_.now, 99, engine_.closer()), 0u);
  for (std::uint64_t page = 7'000; page < 7'050; ++page) {
    ASSERT_EQ(engine_.state(page), PageState::kLocal);
  }
  EXPECT_EQ(block_.levels.local_pages, 4u);
  EXPECT_EQ(block_.tier_uses[DIME_TIER_LOCAL].levels.local_pages, 50u);
}

TEST_F(Tiers, LocalPagesAreNotChargedForTheirFirstTouch) {
  block_.parameters.flags |= DIME_CHARGE_FIRST_TOUCH;
  const PageId id = engine_.table().obtain({7'000});
  EXPECT_EQ(engine_.instance().begin(id, engine_.now).ready, engine_.now);
}

TEST_F(Tiers, CountWhatHappensToTheirPages) {
  touch(0, 5);
  touch(1'000, 5);
  touch(1'000, 2);
  const dime_counters& far = block_.tier_uses[kFar].counters;
  EXPECT_EQ(far.faults_first_touch, 5u);
  EXPECT_EQ(far.faults_remote, 2u);
  EXPECT_EQ(far.evictions_dirty, 3u);
  EXPECT_EQ(block_.tier_uses[kFar].stall_ns.count, 2u);
  EXPECT_EQ(block_.tier_uses[kFar].stall_ns.sum, 120'000u);
  EXPECT_EQ(block_.counters.faults_first_touch, 10u);
  EXPECT_EQ(block_.counters.faults_remote, 2u);
  EXPECT_EQ(block_.stalls.count, 2u);
}

TEST_F(Tiers, ChangeMovesPagesBetweenSets) {
  touch(2'000, 5);
  for (std::uint64_t page = 2'000; page < 2'005; ++page) {
    engine_.instance().place(id_of(page), kFar);
  }
  const dime_levels& own = block_.tier_uses[kOwn].levels;
  EXPECT_EQ(own.local_pages, 0u);
  EXPECT_EQ(own.managed_pages, 0u);
  EXPECT_EQ(block_.levels.local_pages, 3u);
  EXPECT_EQ(block_.levels.managed_pages, 5u);
  EXPECT_EQ(stall_of(2'000), 60'000u);
  touch(0, 3);  // evicts by the order in which they came into this set
  EXPECT_EQ(engine_.state(2'002), PageState::kRemote);
  EXPECT_EQ(engine_.state(2'003), PageState::kRemote);
  EXPECT_EQ(engine_.state(2'004), PageState::kLocal);
}

TEST_F(Tiers, ChangeInFlightTakesPlaceOnArrival) {
  touch(2'000, 4);
  const PageId id = id_of(2'000);
  Instance& instance = engine_.instance();
  const Fault fault = instance.begin(id, engine_.now);
  ASSERT_TRUE(instance.make_room(id, engine_.now, engine_.closer()).made);
  instance.place(id, DIME_TIER_LOCAL);
  EXPECT_EQ(block_.tier_uses[kOwn].levels.local_pages, 3u);
  instance.finish(id, fault, {5'000});
  EXPECT_EQ(block_.tier_uses[kOwn].levels.local_pages, 2u);
  EXPECT_EQ(block_.tier_uses[DIME_TIER_LOCAL].levels.local_pages, 1u);
}

TEST_F(Tiers, ClaimTakesAVictimOfTheSamePool) {
  touch(0, 4);
  touch(2'000, 3);
  const PageId wanted = engine_.table().obtain({2'003});
  Instance& instance = engine_.instance();
  EXPECT_FALSE(instance.try_room(wanted));
  const PageId victim = instance.claim_victim(wanted);
  EXPECT_EQ(victim, id_of(2'000));
  instance.place(victim, kFar);  // while it is on its way out
  instance.closed(victim, Closed::kDirty, engine_.now);
  EXPECT_EQ(engine_.state(2'000), PageState::kRemote);
  EXPECT_EQ(block_.tier_uses[kOwn].levels.managed_pages, 2u);
  EXPECT_EQ(block_.levels.managed_pages, 5u);
  EXPECT_TRUE(instance.try_room(wanted));
}

TEST_F(Tiers, UnmappedPageGetsItsTierAnew) {
  touch(2'000, 1);
  engine_.unmap(2'000);
  EXPECT_EQ(block_.tier_uses[kOwn].levels.managed_pages, 0u);
  moved_ = true;
  touch(2'000, 1);
  EXPECT_EQ(block_.tier_uses[kOwn].levels.managed_pages, 0u);
  EXPECT_EQ(block_.tier_uses[kFar].counters.faults_first_touch, 1u);
}

TEST(TierLevels, AreGivenBackAtTheEnd) {
  Block block(4);
  block.tiers[kOwn].local_npages = 5;
  {
    Engine engine(block);
    engine.instance().use_policy(kOwn, policies::kRandom, 1);
    engine.instance().use_own_set(kOwn, true);
    engine.instance().use_tiers([](void*, PageId) { return kOwn; }, nullptr);
    for (std::uint64_t page = 0; page < 20; ++page) {
      engine.touch(page);
    }
    EXPECT_EQ(block.tier_uses[kOwn].levels.local_pages, 5u);
  }
  EXPECT_EQ(block.tier_uses[kOwn].levels.local_pages, 0u);
  EXPECT_EQ(block.tier_uses[kOwn].levels.managed_pages, 0u);
}

TEST_F(Tiers, ShareOfTheirOwnPages) {
  block_.tiers[kOwn].local_share = 5'000;
  touch(2'000, 200);
  EXPECT_EQ(block_.tier_uses[kOwn].levels.local_pages, 100u);
  touch(0, 200);
  EXPECT_EQ(block_.tier_uses[kOwn].levels.local_pages, 100u);
}

}  // namespace
}  // namespace dime
