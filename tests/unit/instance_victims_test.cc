// SPDX-License-Identifier: GPL-2.0
// Victims that do not go, and memory that runs out.
#include <gtest/gtest.h>

#include <map>

#include "tests/unit/model.h"

namespace dime::test {
namespace {

TEST(Victims, RefusedPageLeavesTheLimitAndIsNotAskedAgain) {
  Block block(3);
  Engine engine(block);
  for (std::uint64_t page = 0; page < 3; ++page) {
    engine.touch(page);
  }
  std::map<PageId, unsigned> asked;
  const PageId pinned = engine.table().find({0});
  engine.verdict = [&](PageId id) {
    ++asked[id];
    return id == pinned ? Closed::kRefused : Closed::kDirty;
  };
  for (std::uint64_t page = 3; page < 50; ++page) {
    engine.touch(page);
  }
  EXPECT_EQ(asked[pinned], 1u);
  EXPECT_EQ(engine.state(0), PageState::kUnmovable);
  EXPECT_EQ(block.counters.evictions_refused, 1u);
  EXPECT_EQ(block.levels.local_pages, 3u);
  EXPECT_EQ(engine.open_pages(), 4u);  // three and the pinned one
  EXPECT_EQ(engine.instance().begin(pinned, engine.now).kind, FaultKind::kPresent);
  engine.unmap(0);
  EXPECT_EQ(block.levels.managed_pages, 49u);
}

TEST(Victims, BusyPageIsPassedOverAndAskedLater) {
  Block block(3);
  Engine engine(block);
  for (std::uint64_t page = 0; page < 3; ++page) {
    engine.touch(page);
  }
  const PageId busy = engine.table().find({0});
  bool is_busy = true;
  engine.verdict = [&](PageId id) {
    return id == busy && is_busy ? Closed::kBusy : Closed::kDirty;
  };
  engine.touch(3);
  EXPECT_EQ(engine.state(0), PageState::kLocal);
  EXPECT_EQ(engine.state(1), PageState::kRemote);
  is_busy = false;
  engine.touch(4);
  engine.touch(5);
  engine.touch(6);
  EXPECT_EQ(engine.state(0), PageState::kRemote);
  EXPECT_EQ(block.counters.evictions_refused, 0u);
}

TEST(Victims, AllBusyEndsAfterABoundedNumberOfTries) {
  Block block(1'000);
  Engine engine(block);
  for (std::uint64_t page = 0; page < 1'000; ++page) {
    engine.touch(page);
  }
  unsigned asked = 0;
  engine.verdict = [&](PageId) {
    ++asked;
    return Closed::kBusy;
  };
  const PageId page = engine.table().obtain({5'000});
  const Fault fault = engine.instance().begin(page, engine.now);
  EXPECT_FALSE(engine.instance().make_room(page, engine.now, engine.closer()).made);
  EXPECT_LE(asked, 64u);
  EXPECT_EQ(block.levels.local_pages, 1'000u);
  engine.instance().force_room(page);
  engine.instance().finish(page, fault, {});
  EXPECT_EQ(block.levels.local_pages, 1'001u);
  engine.verdict = [](PageId) { return Closed::kDirty; };
  EXPECT_EQ(engine.instance().trim(engine.now, UINT64_MAX, engine.closer()), 1u);
}

TEST(Victims, GoneVictimFreesItsRoomWithoutAnEviction) {
  Block block(2);
  Engine engine(block);
  engine.touch(0);
  engine.touch(1);
  engine.verdict = [](PageId) { return Closed::kGone; };
  engine.touch(2);
  EXPECT_EQ(engine.state(0), PageState::kUntouched);
  EXPECT_EQ(block.counters.evictions_dirty + block.counters.evictions_clean, 0u);
  EXPECT_EQ(block.levels.managed_pages, 2u);
  EXPECT_EQ(block.levels.local_pages, 2u);
}

TEST(Victims, NothingToEvictHereWhenAnotherMemberHasItAll) {
  Block block(2);
  Engine rich(block);
  Engine poor(block);
  rich.touch(0);
  rich.touch(1);
  const PageId page = poor.table().obtain({0});
  const Fault fault = poor.instance().begin(page, poor.now);
  EXPECT_FALSE(poor.instance().make_room(page, poor.now, poor.closer()).made);
  poor.instance().abandon(page, fault);
  rich.unmap(0);
  EXPECT_EQ(poor.touch(0), FaultKind::kFirstTouch);
  EXPECT_EQ(block.levels.local_pages, 2u);
}

TEST(Victims, SetUnmovableTakesAPageOutOfTheLimit) {
  Block block(2);
  Engine engine(block);
  engine.touch(0);
  engine.instance().set_unmovable(engine.table().find({0}));
  EXPECT_EQ(block.levels.local_pages, 0u);
  EXPECT_EQ(engine.instance().next_victim(), kNoPage);
  engine.instance().set_unmovable(engine.table().obtain({9}));  // never seen before
  EXPECT_EQ(block.levels.managed_pages, 2u);
  engine.unmap(0);
  engine.unmap(9);
  EXPECT_EQ(block.levels.managed_pages, 0u);
}

TEST(Victims, PageThatThePolicyCannotHoldIsUnmovable) {
  Block block(10);
  Engine engine(block, policies::kRandom);
  const PageId page = engine.table().obtain({0});
  engine.memory.fail_at = 0;
  const Fault fault = engine.instance().begin(page, engine.now);
  ASSERT_TRUE(engine.instance().make_room(page, engine.now, engine.closer()).made);
  engine.instance().finish(page, fault, {});
  EXPECT_EQ(engine.state(0), PageState::kUnmovable);
  EXPECT_EQ(block.levels.local_pages, 0u);
  engine.unmap(0);
  EXPECT_EQ(block.levels.managed_pages, 0u);
}

}  // namespace
}  // namespace dime::test
