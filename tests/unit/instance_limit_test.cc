// SPDX-License-Identifier: GPL-2.0
// The limit: pages, per cent, live changes, and the debt of forked children.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/model.h"

namespace dime::test {
namespace {

TEST(InstanceLimit, IsNeverExceededAndAlwaysUsed) {
  for (const std::uint64_t limit : {1u, 2u, 7u, 64u}) {
    Block block(limit);
    Engine engine(block);
    std::uint64_t random = 1;
    for (unsigned i = 0; i < 5'000; ++i) {
      random = random * 6364136223846793005u + 1442695040888963407u;
      engine.touch((random >> 33) % 200);
      ASSERT_LE(engine.open_pages(), limit);
      ASSERT_EQ(block.levels.local_pages, engine.open_pages());
    }
    EXPECT_EQ(block.levels.local_peak, limit);
    EXPECT_EQ(engine.open_pages(), limit);
  }
}

TEST(InstanceLimit, ShareFollowsTheTouchedPages) {
  Block block(999);
  block.parameters.local_share = 2'500;
  Engine engine(block);
  for (std::uint64_t page = 0; page < 1'000; ++page) {
    engine.touch(page);
    const std::uint64_t quarter = (page + 1) / 4;
    ASSERT_EQ(engine.instance().limit(), std::max(quarter, kLeastShare));
    ASSERT_LE(block.levels.local_pages, engine.instance().limit());
  }
  EXPECT_EQ(engine.open_pages(), 250u);
  for (std::uint64_t page = 0; page < 600; ++page) {
    engine.unmap(page);
  }
  EXPECT_EQ(engine.instance().limit(), 100u);
  EXPECT_TRUE(engine.instance().over());
  EXPECT_EQ(engine.instance().trim(engine.now, UINT64_MAX, engine.closer()), 150u);
  EXPECT_EQ(engine.open_pages(), 100u);
  EXPECT_FALSE(engine.instance().over());
}

TEST(InstanceLimit, WholeShareKeepsEverything) {
  Block block(1);
  block.parameters.local_share = 10'000;
  Engine engine(block);
  for (std::uint64_t page = 0; page < 1'000; ++page) {
    engine.touch(page);
  }
  EXPECT_EQ(engine.open_pages(), 1'000u);
  EXPECT_EQ(block.counters.evictions_dirty, 0u);
}

TEST(InstanceLimit, SmallestShareLeavesEnoughForAnInstruction) {
  Block block(1);
  block.parameters.local_share = 1;
  Engine engine(block);
  for (std::uint64_t page = 0; page < 100; ++page) {
    engine.touch(page);
  }
  EXPECT_EQ(engine.instance().limit(), kLeastShare);
  EXPECT_EQ(engine.open_pages(), kLeastShare);
  block.parameters.local_share = 0;  // a limit in pages is taken at its word
  EXPECT_EQ(engine.instance().limit(), 1u);
}

TEST(InstanceLimit, ShrinkingTrimsTheOldestInSteps) {
  Block block(100);
  Engine engine(block);
  for (std::uint64_t page = 0; page < 100; ++page) {
    engine.touch(page);
  }
  block.parameters.local_npages = 40;
  EXPECT_EQ(engine.instance().trim(engine.now, 10, engine.closer()), 10u);
  EXPECT_EQ(engine.open_pages(), 90u);
  EXPECT_EQ(engine.instance().trim(engine.now, UINT64_MAX, engine.closer()), 50u);
  EXPECT_EQ(engine.instance().trim(engine.now, UINT64_MAX, engine.closer()), 0u);
  EXPECT_EQ(engine.state(59), PageState::kRemote);
  EXPECT_EQ(engine.state(60), PageState::kLocal);
}

TEST(InstanceLimit, ShrinkingWorksWithoutTrimAtTheNextFault) {
  Block block(100);
  Engine engine(block);
  for (std::uint64_t page = 0; page < 100; ++page) {
    engine.touch(page);
  }
  block.parameters.local_npages = 10;
  engine.touch(100);
  EXPECT_EQ(engine.open_pages(), 10u);
}

TEST(InstanceLimit, EvictionOnRequestGoesBelowTheLimit) {
  Block block(10);
  Engine engine(block);
  for (std::uint64_t page = 0; page < 10; ++page) {
    engine.touch(page);
  }
  EXPECT_EQ(engine.instance().evict(engine.now, 4, engine.closer()), 4u);
  EXPECT_EQ(block.levels.local_pages, 6u);
  EXPECT_EQ(engine.instance().evict(engine.now, 100, engine.closer()), 6u);
  EXPECT_EQ(engine.open_pages(), 0u);
}

TEST(InstanceLimit, GrowingTakesEffectAtOnce) {
  Block block(10);
  Engine engine(block);
  for (std::uint64_t page = 0; page < 20; ++page) {
    engine.touch(page);
  }
  block.parameters.local_npages = 20;
  for (std::uint64_t page = 0; page < 10; ++page) {
    EXPECT_EQ(engine.touch(page), FaultKind::kRemote);
  }
  EXPECT_EQ(engine.open_pages(), 20u);
  EXPECT_EQ(block.counters.evictions_dirty, 10u);
}

TEST(InstanceLimit, AdoptionMayExceedTheLimitUntilTrimmed) {
  Block block(10);
  Engine engine(block);
  for (std::uint64_t page = 0; page < 25; ++page) {
    const PageId id = engine.table().obtain({page});
    engine.open(id);
    engine.instance().adopt(id);
  }
  EXPECT_EQ(block.levels.local_pages, 25u);
  EXPECT_EQ(engine.instance().trim(engine.now, UINT64_MAX, engine.closer()), 15u);
  EXPECT_EQ(engine.open_pages(), 10u);
}

/// A parent with `parent` pages and a child that inherits `child` pages above the limit.
class InheritedPages : public testing::Test {
 protected:
  void inherit(std::uint64_t pages) {
    child_.instance().borrow(pages);
    for (std::uint64_t page = 0; page < pages; ++page) {
      const PageId id = child_.table().obtain({page});
      child_.open(id);
      child_.instance().adopt(id);
    }
  }
  void fill_parent() {
    for (std::uint64_t page = 0; page < 10; ++page) {
      parent_.touch(page);
    }
  }

  Block block_{10};
  Engine parent_{block_};
  Engine child_{block_};
};

TEST_F(InheritedPages, AreAllowedAndRepaid) {
  fill_parent();
  inherit(6);
  EXPECT_EQ(block_.levels.local_pages, 16u);
  EXPECT_EQ(block_.levels.inherited_pages, 6u);
  EXPECT_EQ(block_.levels.local_peak, 10u);  // inherited pages are counted apart
  EXPECT_EQ(child_.instance().trim(child_.now, UINT64_MAX, child_.closer()), 0u);
  EXPECT_EQ(child_.instance().repay(child_.now, 4, child_.closer()), 4u);
  EXPECT_EQ(child_.instance().debt(), 2u);
  EXPECT_EQ(child_.instance().repay(child_.now, UINT64_MAX, child_.closer()), 2u);
  EXPECT_EQ(child_.instance().repay(child_.now, UINT64_MAX, child_.closer()), 0u);
  EXPECT_EQ(block_.levels.inherited_pages, 0u);
  EXPECT_EQ(block_.levels.local_pages, 10u);
}

TEST_F(InheritedPages, DoNotMakeRoomForNewOnes) {
  fill_parent();
  inherit(6);
  child_.touch(100);
  EXPECT_EQ(block_.levels.local_pages, 16u);
  parent_.touch(100);
  EXPECT_EQ(block_.levels.local_pages, 16u);
  EXPECT_EQ(parent_.open_pages(), 10u);
}

TEST_F(InheritedPages, ArePaidWhenTheChildDropsThem) {
  fill_parent();
  inherit(6);
  for (std::uint64_t page = 0; page < 6; ++page) {
    child_.unmap(page);
  }
  EXPECT_EQ(child_.instance().debt(), 0u);
  EXPECT_EQ(block_.levels.inherited_pages, 0u);
  EXPECT_EQ(block_.levels.local_pages, 10u);
  parent_.touch(100);
  EXPECT_EQ(block_.levels.local_pages, 10u);
}

TEST_F(InheritedPages, ArePaidAlsoWhileAPageIsInFlight) {
  fill_parent();
  inherit(6);
  const PageId page = child_.table().obtain({100});
  const Fault fault = child_.instance().begin(page, child_.now);
  ASSERT_TRUE(child_.instance().make_room(page, child_.now, child_.closer()).made);
  EXPECT_EQ(child_.instance().debt(), 6u);
  child_.unmap(5);
  EXPECT_EQ(child_.instance().debt(), 5u);
  child_.instance().finish(page, fault, {});
  EXPECT_EQ(block_.levels.local_pages, 15u);
}

TEST_F(InheritedPages, StayWhenTheyAreRenamed) {
  fill_parent();
  inherit(6);
  child_.instance().relocate(child_.table().find({0}), child_.table().obtain({700}));
  EXPECT_EQ(child_.instance().debt(), 6u);
  EXPECT_EQ(block_.levels.local_pages, 16u);
}

}  // namespace
}  // namespace dime::test
