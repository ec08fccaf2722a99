// SPDX-License-Identifier: GPL-2.0
// Evictions in two steps: claimed under the lock, made without it, completed under the lock.
#include <gtest/gtest.h>

#include "tests/unit/model.h"

namespace dime::test {
namespace {

constexpr PageId kAnyPage = 0;  // all are of one set

struct Claims : testing::Test {
  Claims() {
    for (std::uint64_t page = 0; page < 3; ++page) {
      engine.touch(page);
    }
  }
  Block block{3};
  Engine engine{block};
  Instance& instance = engine.instance();
};

TEST_F(Claims, VictimCountsAsLocalUntilItIsClosed) {
  EXPECT_FALSE(instance.try_room(kAnyPage));
  const PageId victim = instance.claim_victim(kAnyPage);
  EXPECT_EQ(victim, engine.table().find({0}));
  EXPECT_EQ(engine.state(0), PageState::kEvicting);
  EXPECT_FALSE(instance.try_room(kAnyPage));
  instance.closed(victim, Closed::kDirty, engine.now);
  EXPECT_EQ(engine.state(0), PageState::kRemote);
  EXPECT_TRUE(instance.try_room(kAnyPage));
  EXPECT_EQ(block.levels.local_pages, 3u);
}

TEST_F(Claims, TwoThreadsNeverClaimTheSamePage) {
  const PageId first = instance.claim_victim(kAnyPage);
  const PageId second = instance.claim_victim(kAnyPage);
  EXPECT_NE(first, second);
  EXPECT_NE(instance.claim_victim(kAnyPage), kNoPage);
  EXPECT_EQ(instance.claim_victim(kAnyPage), kNoPage);
}

TEST_F(Claims, TheNextVictimsAreKnownUnderFifo) {
  PageId next[4] = {};
  ASSERT_EQ(instance.next_victims(kAnyPage, next, 4), 3u);
  EXPECT_EQ(instance.claim_victim(kAnyPage), next[0]);
  PageId then = kNoPage;
  EXPECT_EQ(instance.next_victims(kAnyPage, &then, 1), 1u);
  EXPECT_EQ(then, next[1]);
  EXPECT_EQ(instance.claim_victim(kAnyPage), next[1]);
  EXPECT_EQ(instance.claim_victim(kAnyPage), next[2]);
}

TEST_F(Claims, BusyVictimGoesToTheEndOfTheRanking) {
  const PageId busy = instance.claim_victim(kAnyPage);
  instance.closed(busy, Closed::kBusy, engine.now);
  EXPECT_EQ(engine.state(0), PageState::kLocal);
  EXPECT_EQ(block.levels.local_pages, 3u);
  EXPECT_NE(instance.claim_victim(kAnyPage), busy);
  EXPECT_NE(instance.claim_victim(kAnyPage), busy);
  EXPECT_EQ(instance.claim_victim(kAnyPage), busy);
}

TEST_F(Claims, ForgottenAndRefusedVictimsGiveTheirPlaceBack) {
  engine.unmap(0);
  instance.forget(instance.claim_victim(kAnyPage));
  EXPECT_EQ(block.levels.local_pages, 1u);
  instance.closed(instance.claim_victim(kAnyPage), Closed::kRefused, engine.now);
  EXPECT_EQ(block.levels.local_pages, 0u);
  EXPECT_EQ(engine.state(2), PageState::kUnmovable);
  EXPECT_EQ(block.levels.managed_pages, 1u);
}

TEST_F(Claims, TouchOfAClaimedPageIsPresentForTheCore) {
  const PageId victim = instance.claim_victim(kAnyPage);
  EXPECT_EQ(instance.begin(victim, engine.now).kind, FaultKind::kPresent);
}

}  // namespace
}  // namespace dime::test
