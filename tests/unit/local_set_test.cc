// SPDX-License-Identifier: GPL-2.0
// Pages under one limit, without an instance around them: rooms, levels, debts and the ranking.
#include "core/local_set.h"

#include <gtest/gtest.h>

#include <vector>

#include "policies/registry.h"
#include "tests/unit/model.h"

namespace dime::test {
namespace {

/// A set of its own, with pages 0, 1, ... of one leaf.
class LocalSetTest : public ::testing::Test {
 protected:
  LocalSetTest() {
    services_.pool = &pool_;
    services_.memory = &memory_;
    leaf_ = pool_.add_leaf(/*space=*/0, PageNumber{0});
    set_.ranking().attach(services_, 0);
    EXPECT_TRUE(set_.ranking().use(policies::kFifo, nullptr, 1, lost_none, nullptr));
    set_.watch(levels_, {&limit_, &share_}, own_);
  }

  static void lost_none(void* /*context*/, PageId id) { FAIL() << "lost page " << id; }

  [[nodiscard]] PageId page(unsigned index) const { return leaf_->index * kPagesPerLeaf + index; }
  /// All that is ranked, what goes first first.
  std::vector<PageId> order() {
    std::vector<PageId> pages(set_.ranking().size());
    pages.resize(set_.ranking().select(kNoPage, pages.data(), static_cast<unsigned>(pages.size())));
    return pages;
  }
  bool try_room() {
    over_ = false;
    return set_.try_room(over_);
  }
  void come(unsigned index) {
    ASSERT_TRUE(try_room());
    ASSERT_TRUE(set_.arrive(page(index), leaf_->records[index], DIME_ENTER_DEMAND));
  }

  TestMemory memory_;
  PagePool pool_{memory_};
  RankingServices services_;
  PageLeaf* leaf_ = nullptr;
  std::uint64_t limit_ = 2;
  std::uint32_t share_ = 0;
  dime_levels levels_{};
  std::uint64_t mine_[3] = {};
  OwnLevels own_{&mine_[0], &mine_[1], &mine_[2]};
  LocalSet set_;
  bool over_ = false;
};

TEST_F(LocalSetTest, ARoomIsTakenBeforeThePageComes) {
  ASSERT_TRUE(try_room());
  EXPECT_EQ(levels_.local_pages, 1u);
  EXPECT_EQ(set_.rooms(), 1u);
  EXPECT_EQ(set_.local(), 0u);
  ASSERT_TRUE(set_.arrive(page(0), leaf_->records[0], DIME_ENTER_DEMAND));
  EXPECT_EQ(levels_.local_pages, 1u);
  EXPECT_EQ(set_.rooms(), 0u);
  EXPECT_EQ(set_.local(), 1u);
  ASSERT_TRUE(try_room());
  set_.cancel_room();
  EXPECT_EQ(levels_.local_pages, 1u);
}

TEST_F(LocalSetTest, NoRoomAtTheLimitAndOverOnlyAboveIt) {
  come(0);
  come(1);
  EXPECT_FALSE(try_room());
  EXPECT_FALSE(over_);
  EXPECT_TRUE(set_.full());
  EXPECT_FALSE(set_.over());
  limit_ = 1;
  EXPECT_FALSE(try_room());
  EXPECT_TRUE(over_);
  EXPECT_TRUE(set_.over());
}

TEST_F(LocalSetTest, OtherMembersPagesCount) {
  levels_.local_pages = 2;
  EXPECT_FALSE(try_room());
  levels_.local_pages = 1;
  EXPECT_TRUE(try_room());
  EXPECT_EQ(levels_.local_pages, 2u);
  EXPECT_EQ(mine_[0], 1u);
}

TEST_F(LocalSetTest, AKeptRoomIsTheNextPages) {
  come(0);
  come(1);
  set_.leave(page(0), leaf_->records[0], DIME_LEAVE_DIRTY, Freed::kKept);
  EXPECT_EQ(levels_.local_pages, 2u);
  ASSERT_TRUE(set_.arrive(page(2), leaf_->records[2], DIME_ENTER_DEMAND));
  EXPECT_EQ(levels_.local_pages, 2u);
  set_.leave(page(1), leaf_->records[1], DIME_LEAVE_DIRTY, Freed::kGivenBack);
  EXPECT_EQ(levels_.local_pages, 1u);
  EXPECT_EQ(set_.victim(kNoPage), page(2));
}

TEST_F(LocalSetTest, AClaimedPageCountsUntilItHasLeft) {
  come(0);
  come(1);
  set_.claim(page(0), leaf_->records[0], DIME_LEAVE_EVICTED);
  EXPECT_EQ(set_.victim(kNoPage), page(1));
  EXPECT_EQ(set_.ranking().size(), 1u);
  EXPECT_EQ(set_.local(), 2u);
  // It stays after all, as the newest.
  ASSERT_TRUE(set_.stay(page(0), leaf_->records[0]));
  EXPECT_EQ(set_.victim(kNoPage), page(1));
  EXPECT_EQ(order(), (std::vector<PageId>{page(1), page(0)}));
  EXPECT_EQ(levels_.local_pages, 2u);
}

TEST_F(LocalSetTest, ARenamedPageKeepsItsRoom) {
  come(0);
  come(1);
  ASSERT_TRUE(set_.relocate(page(0), leaf_->records[0], page(5), leaf_->records[5]));
  EXPECT_EQ(levels_.local_pages, 2u);
  EXPECT_EQ(set_.local(), 2u);
  EXPECT_EQ(order(), (std::vector<PageId>{page(1), page(5)}));
}

TEST_F(LocalSetTest, ADebtIsAllowedAboveTheLimitAndNotInThePeak) {
  set_.borrow(1);
  EXPECT_EQ(set_.allowed(), 3u);
  come(0);
  come(1);
  come(2);
  EXPECT_EQ(levels_.local_peak, 2u);
  EXPECT_FALSE(try_room());
  set_.pay_debt();
  EXPECT_TRUE(set_.over());
  EXPECT_EQ(levels_.inherited_pages, 0u);
}

TEST_F(LocalSetTest, AShareIsOfTheManagedPagesAndHasALeast) {
  share_ = 5'000;
  EXPECT_EQ(set_.limit(), kLeastShare);
  levels_.managed_pages = 1'000;
  EXPECT_EQ(set_.limit(), 500u);
}

TEST_F(LocalSetTest, WithoutALimitThereIsAlwaysRoom) {
  set_.watch(levels_, {}, own_);
  for (unsigned i = 0; i < 100; ++i) {
    come(i);
  }
  EXPECT_FALSE(set_.full());
}

TEST_F(LocalSetTest, WhatAChildInheritsIsCountedAgainAsDebt) {
  come(0);
  set_.manage();
  std::uint64_t child[3] = {};
  set_.watch(levels_, {&limit_, &share_}, {&child[0], &child[1], &child[2]});
  set_.inherit();  // what the parent counts stays counted
  EXPECT_EQ(levels_.local_pages, 2u);
  EXPECT_EQ(levels_.managed_pages, 2u);
  EXPECT_EQ(levels_.inherited_pages, 1u);
  EXPECT_EQ(set_.debt(), 1u);
  EXPECT_EQ(child[0], 1u);
  EXPECT_EQ(mine_[0], 1u);
  set_.give_back();
  EXPECT_EQ(levels_.local_pages, 1u);
  EXPECT_EQ(levels_.inherited_pages, 0u);
}

TEST_F(LocalSetTest, ANewPolicyTakesThePagesInTheOldOnesOrder) {
  limit_ = 8;
  for (unsigned i = 0; i < 8; ++i) {
    come(i);
  }
  ASSERT_TRUE(set_.ranking().use(policies::kFifo, nullptr, 1, lost_none, nullptr));
  const std::vector<PageId> pages = order();
  ASSERT_EQ(pages.size(), 8u);
  for (unsigned i = 0; i < 8; ++i) {
    EXPECT_EQ(pages[i], page(i));
  }
  EXPECT_EQ(set_.ranking().size(), 8u);
}

}  // namespace
}  // namespace dime::test
