// SPDX-License-Identifier: GPL-2.0
#include "core/page_table.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <vector>

#include "tests/unit/model.h"

namespace dime::test {
namespace {

constexpr std::uint64_t kPagesOf47Bits = 1ull << 35;

class PageTableTest : public testing::Test {
 protected:
  std::vector<std::uint64_t> visit(AddressRange range) {
    std::vector<std::uint64_t> pages;
    table_.for_each(range, [&](PageId id) { pages.push_back(pool_.page(id).value); });
    return pages;
  }
  void mark(std::uint64_t page) { pool_.record(table_.obtain({page})).state = PageState::kLocal; }

  TestMemory memory_;
  PagePool pool_{memory_};
  PageTable table_{pool_, memory_, 9};
};

TEST_F(PageTableTest, EmptyFindsNothing) {
  EXPECT_EQ(table_.find({0}), kNoPage);
  EXPECT_EQ(table_.find({kPagesOf47Bits - 1}), kNoPage);
  EXPECT_TRUE(visit({0, UINT64_MAX}).empty());
  EXPECT_EQ(memory_.calls, 0u);
}

TEST_F(PageTableTest, ObtainedPagesAreFoundAgainWithTheirNumberAndSpace) {
  for (const std::uint64_t page :
       {std::uint64_t{0}, std::uint64_t{511}, std::uint64_t{512}, std::uint64_t{0x7ffff},
        kPagesOf47Bits / 2, kPagesOf47Bits - 1}) {
    const PageId id = table_.obtain({page});
    ASSERT_NE(id, kNoPage);
    EXPECT_EQ(table_.obtain({page}), id);
    EXPECT_EQ(table_.find({page}), id);
    EXPECT_EQ(pool_.page(id), PageNumber{page});
    EXPECT_EQ(pool_.space(id), 9u);
    EXPECT_EQ(pool_.record(id).state, PageState::kUntouched);
  }
}

TEST_F(PageTableTest, RefusesPagesAbove47Bits) {
  EXPECT_EQ(table_.obtain({kPagesOf47Bits}), kNoPage);
  EXPECT_EQ(table_.find({kPagesOf47Bits}), kNoPage);
  EXPECT_EQ(table_.obtain({UINT64_MAX}), kNoPage);
  EXPECT_EQ(memory_.calls, 0u);
  table_.obtain({0});
  table_.obtain({kPagesOf47Bits - 1});
  EXPECT_EQ(table_.find({kPagesOf47Bits}), kNoPage);
  EXPECT_EQ(table_.find({UINT64_MAX}), kNoPage);
}

TEST_F(PageTableTest, IdsAreUnique) {
  std::set<PageId> ids;
  for (std::uint64_t page = 0; page < 10'000; ++page) {
    EXPECT_TRUE(ids.insert(table_.obtain({page * 37})).second);
  }
}

TEST_F(PageTableTest, VisitsTouchedPagesOfARangeInOrder) {
  const std::vector<std::uint64_t> pages = {0,
                                            3,
                                            511,
                                            512,
                                            600,
                                            1u << 22,
                                            (1u << 22) + 1,
                                            3ull << 30,
                                            (1ull << 34) + 5,
                                            kPagesOf47Bits - 1};
  for (const std::uint64_t page : pages) {
    mark(page);
  }
  table_.obtain({4});  // untouched
  EXPECT_EQ(visit({0, UINT64_MAX}), pages);
  EXPECT_EQ(visit({0, 1ull << 47}), pages);
  EXPECT_EQ(visit({3 * kPageBytes, 512 * kPageBytes}), (std::vector<std::uint64_t>{3, 511}));
  EXPECT_EQ(visit({512 * kPageBytes, 512 * kPageBytes + 1}), (std::vector<std::uint64_t>{512}));
  EXPECT_TRUE(visit({512 * kPageBytes, 512 * kPageBytes}).empty());
  EXPECT_TRUE(visit({600 * kPageBytes, 512 * kPageBytes}).empty());
}

TEST_F(PageTableTest, VisitorMayForgetPages) {
  for (std::uint64_t page = 0; page < 1'500; ++page) {
    mark(page);
  }
  unsigned seen = 0;
  table_.for_each({0, UINT64_MAX}, [&](PageId id) {
    pool_.record(id).state = PageState::kUntouched;
    ++seen;
  });
  EXPECT_EQ(seen, 1'500u);
  EXPECT_TRUE(visit({0, UINT64_MAX}).empty());
}

TEST_F(PageTableTest, NextKnownSkipsWhatHasNoRecords) {
  EXPECT_EQ(table_.next_known({0}), PageNumber{kPagesOf47Bits});
  for (const std::uint64_t page : {600ull, 1ull << 30, (1ull << 35) - 1}) {
    table_.obtain({page});
  }
  EXPECT_EQ(table_.next_known({0}), PageNumber{512});
  EXPECT_EQ(table_.next_known({700}), PageNumber{700});
  EXPECT_EQ(table_.next_known({1'024}), PageNumber{1ull << 30});
  EXPECT_EQ(table_.next_known({(1ull << 30) + 512}), PageNumber{(1ull << 35) - 512});
  EXPECT_EQ(table_.next_known({kPagesOf47Bits - 1}), PageNumber{kPagesOf47Bits - 1});
  EXPECT_EQ(table_.next_known({kPagesOf47Bits}), PageNumber{kPagesOf47Bits});
}

TEST_F(PageTableTest, SpacesOfOnePoolAreApart) {
  PageTable other(pool_, memory_, 10);
  const PageId mine = table_.obtain({77});
  const PageId theirs = other.obtain({77});
  EXPECT_NE(mine, theirs);
  EXPECT_EQ(pool_.space(theirs), 10u);
  EXPECT_EQ(table_.find({78}), mine + 1);
}

TEST_F(PageTableTest, LeavesOfAnEndedSpaceAreReused) {
  std::set<PageId> first;
  {
    PageTable other(pool_, memory_, 1);
    for (std::uint64_t leaf = 0; leaf < 20; ++leaf) {
      const PageId id = other.obtain({leaf * kPagesPerLeaf});
      pool_.record(id).state = PageState::kLocal;
      first.insert(id);
    }
  }
  PageTable other(pool_, memory_, 2);
  for (std::uint64_t leaf = 0; leaf < 20; ++leaf) {
    const PageId id = other.obtain({leaf * 4'096});
    EXPECT_EQ(first.count(id), 1u);
    EXPECT_EQ(pool_.record(id).state, PageState::kUntouched);
    EXPECT_EQ(pool_.space(id), 2u);
    EXPECT_EQ(pool_.page(id), PageNumber{leaf * 4'096});
  }
  EXPECT_EQ(first.count(other.obtain({1ull << 30})), 0u);
}

TEST_F(PageTableTest, GrowsOverAPoolBlock) {
  constexpr std::uint64_t kLeaves = 8'192 + 3;
  for (std::uint64_t leaf = 0; leaf < kLeaves; ++leaf) {
    ASSERT_NE(table_.obtain({leaf * kPagesPerLeaf}), kNoPage);
  }
  for (std::uint64_t leaf = 0; leaf < kLeaves; ++leaf) {
    ASSERT_EQ(pool_.page(table_.find({leaf * kPagesPerLeaf})), PageNumber{leaf * kPagesPerLeaf});
  }
}

// Every allocation fails once; what was obtained before stays, and the next try succeeds.
TEST(PageTableMemory, RunsOutAtEveryAllocation) {
  const std::vector<std::uint64_t> pages = {0, 512, 1ull << 22, (1ull << 34) + 1};
  for (std::uint64_t fail_at = 0;; ++fail_at) {
    TestMemory memory;
    bool failed = false;
    {
      PagePool pool(memory);
      PageTable table(pool, memory, 0);
      memory.fail_at = fail_at;
      std::map<std::uint64_t, PageId> obtained;
      for (const std::uint64_t page : pages) {
        PageId id = table.obtain({page});
        if (id == kNoPage) {
          failed = true;
          EXPECT_EQ(table.find({page}), kNoPage);
          memory.fail_at = TestMemory::kNever;
          id = table.obtain({page});
        }
        ASSERT_NE(id, kNoPage);
        obtained[page] = id;
      }
      for (const auto& [page, id] : obtained) {
        EXPECT_EQ(table.find({page}), id);
        EXPECT_EQ(pool.page(id), PageNumber{page});
      }
    }
    EXPECT_EQ(memory.live_blocks, 0u);
    EXPECT_EQ(memory.live_bytes, 0u);
    if (!failed) {
      EXPECT_GE(fail_at, 9u);  // root, two middles, block, four leaves at least
      break;
    }
  }
}

class Metadata : public testing::TestWithParam<const dime_policy_ops*> {};

// 1 GiB of dense memory.
TEST_P(Metadata, TakesAtMost32BytesAPage) {
  constexpr std::uint64_t kPages = 1u << 18;
  Block block(kPages);
  Engine engine(block, *GetParam());
  for (std::uint64_t page = 0; page < kPages; ++page) {
    engine.touch(page);
  }
  const bool asks_for_more = GetParam()->page_bytes > sizeof(dime_policy_page);
  EXPECT_LE(engine.memory.live_bytes, (32 + (asks_for_more ? DIME_POLICY_PAGE_BYTES : 0)) * kPages);
}

INSTANTIATE_TEST_SUITE_P(Policies, Metadata, testing::ValuesIn(policies::kAll),
                         [](const auto& test) {
                           std::string name = test.param->name;
                           std::erase(name, '-');
                           return name;
                         });

}  // namespace
}  // namespace dime::test
