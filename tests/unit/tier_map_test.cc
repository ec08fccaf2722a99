// SPDX-License-Identifier: GPL-2.0
// The table of addresses and tiers, against an array that says the same page by page.
#include "core/tier_map.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "tests/unit/model.h"

namespace dime {
namespace {

class Map : public testing::Test {
 protected:
  Map() { EXPECT_TRUE(map_.create(memory_)); }
  static AddressRange pages(std::uint64_t begin, std::uint64_t end) {
    return {begin * kPageBytes, end * kPageBytes};
  }
  unsigned at(std::uint64_t page) { return map_.at(page * kPageBytes); }

  test::TestMemory memory_;
  TierMap map_;
};

TEST_F(Map, IsEmptyAtFirst) {
  EXPECT_TRUE(map_.empty());
  EXPECT_EQ(at(5), 0u);
  EXPECT_FALSE(map_.set_by_rule(pages(0, 100), 0));
  EXPECT_TRUE(map_.empty());
}

TEST_F(Map, TellsWhetherARuleSaysSomethingNew) {
  EXPECT_TRUE(map_.set_by_rule(pages(10, 20), 1));
  EXPECT_FALSE(map_.set_by_rule(pages(10, 20), 1));
  EXPECT_FALSE(map_.set_by_rule(pages(12, 15), 1));
  EXPECT_TRUE(map_.set_by_rule(pages(12, 21), 1));
  EXPECT_TRUE(map_.set_by_rule(pages(9, 10), 1));
  EXPECT_TRUE(map_.set_by_rule(pages(15, 30), 0));
  EXPECT_EQ(at(14), 1u);
  EXPECT_EQ(at(15), 0u);
  EXPECT_FALSE(map_.set_by_rule(pages(15, 30), 0));
  EXPECT_TRUE(map_.set_by_rule(pages(0, 30), 0));
  EXPECT_TRUE(map_.empty());
}

TEST_F(Map, RulesLeaveAloneWhatTheProgramHasPlaced) {
  map_.set_by_program(pages(12, 14), 3);
  map_.set_by_program(pages(16, 17), 0);
  EXPECT_TRUE(map_.set_by_rule(pages(10, 20), 1));
  EXPECT_EQ(at(11), 1u);
  EXPECT_EQ(at(12), 3u);
  EXPECT_EQ(at(13), 3u);
  EXPECT_EQ(at(14), 1u);
  EXPECT_EQ(at(16), 0u);
  EXPECT_EQ(at(19), 1u);
  EXPECT_FALSE(map_.set_by_rule(pages(10, 20), 1));
  map_.clear(pages(12, 14));
  EXPECT_EQ(at(12), 0u);
  EXPECT_TRUE(map_.set_by_rule(pages(10, 20), 1));
  EXPECT_EQ(at(12), 1u);
}

TEST_F(Map, MovesWithTheMemory) {
  map_.set_by_rule(pages(10, 20), 1);
  map_.set_by_program(pages(14, 16), 2);
  map_.set_by_rule(pages(100, 120), 4);
  map_.move(12 * kPageBytes, 102 * kPageBytes, 6 * kPageBytes);
  const unsigned expected[] = {4, 4, 1, 1, 2, 2, 1, 1, 4};
  for (std::uint64_t i = 0; i < std::size(expected); ++i) {
    EXPECT_EQ(at(100 + i), expected[i]) << i;
  }
  EXPECT_EQ(at(11), 1u);
  EXPECT_EQ(at(12), 0u);
  EXPECT_EQ(at(17), 0u);
  EXPECT_EQ(at(18), 1u);
  EXPECT_FALSE(map_.set_by_rule(pages(104, 106), 7)) << "still placed by the program";
}

TEST_F(Map, SaysWhenItIsFull) {
  for (std::uint64_t i = 0; i < TierMap::kCapacity; ++i) {
    map_.set_by_rule(pages(2 * i, 2 * i + 1), 1);
  }
  EXPECT_FALSE(map_.overflowed());
  map_.set_by_rule(pages(2 * TierMap::kCapacity, 2 * TierMap::kCapacity + 1), 1);
  EXPECT_TRUE(map_.overflowed());
  EXPECT_FALSE(map_.overflowed());
}

TEST_F(Map, TellsHowFarWhatItKnowsHolds) {
  map_.set_by_rule(pages(10, 20), 1);
  map_.set_by_program(pages(20, 30), 0);
  EXPECT_EQ(map_.part_at(5 * kPageBytes).range, (AddressRange{0, 10 * kPageBytes}));
  EXPECT_EQ(map_.part_at(12 * kPageBytes).range, pages(10, 20));
  EXPECT_FALSE(map_.part_at(12 * kPageBytes).by_program);
  EXPECT_EQ(map_.part_at(20 * kPageBytes).range, pages(20, 30));
  EXPECT_TRUE(map_.part_at(20 * kPageBytes).by_program);
  EXPECT_EQ(map_.part_at(30 * kPageBytes).range, (AddressRange{30 * kPageBytes, UINT64_MAX}));
  EXPECT_TRUE(map_.knows(1));
  EXPECT_FALSE(map_.knows(2));
}

TEST_F(Map, FollowsTiersThatChangeTheirNumbers) {
  map_.set_by_program(pages(10, 20), 1);
  map_.set_by_program(pages(20, 30), 2);
  map_.set_by_program(pages(30, 40), 3);
  const std::uint8_t now[] = {0, 3, TierMap::kNoTier, 1};
  map_.renumber(now);
  EXPECT_EQ(at(10), 3u);
  EXPECT_FALSE(map_.part_at(20 * kPageBytes).by_program);
  EXPECT_EQ(at(39), 1u);
}

TEST_F(Map, CopiesIntoAMapOfItsOwn) {
  TierMap other;
  EXPECT_TRUE(other.create(memory_));
  other.set_by_program(pages(1, 2), 5);
  map_.set_by_program(pages(10, 20), 1);
  other.copy(map_);
  map_.clear(pages(10, 20));
  EXPECT_EQ(other.at(10 * kPageBytes), 1u);
  EXPECT_EQ(other.at(1 * kPageBytes), 0u);
}

TEST_F(Map, HasTheCapacityThatItWasGiven) {
  TierMap small;
  EXPECT_TRUE(small.create(memory_, 4));
  for (std::uint64_t i = 0; i < 3; ++i) {
    EXPECT_TRUE(small.has_room()) << i;
    small.set_by_program(pages(2 * i, 2 * i + 1), 1);
  }
  EXPECT_FALSE(small.has_room()) << "a range in the middle of another makes three of one";
  EXPECT_FALSE(small.overflowed());
}

TEST_F(Map, AgreesWithAnArray) {
  constexpr std::uint64_t kPages = 200;
  std::vector<std::pair<unsigned, bool>> model(kPages);
  std::mt19937_64 random(7);  // NOLINT(cert-msc51-cpp): reproducible
  for (unsigned round = 0; round < 5'000; ++round) {
    const std::uint64_t a = random() % kPages;
    const std::uint64_t b = random() % (kPages + 1);
    const std::uint64_t begin = std::min(a, b);
    const std::uint64_t end = std::max(a, b);
    const auto tier = static_cast<unsigned>(random() % 4);
    const auto kind = random() % 4;
    if (kind == 0) {
      map_.set_by_program(pages(begin, end), tier);
    } else if (kind == 1) {
      map_.clear(pages(begin, end));
    }
    const bool news = kind >= 2 && map_.set_by_rule(pages(begin, end), tier);
    bool expected_news = false;
    for (std::uint64_t page = begin; page < end; ++page) {
      auto& [what, by_program] = model[page];
      if (kind >= 2 && by_program) {
        continue;
      }
      expected_news = expected_news || what != tier;
      what = kind == 1 ? 0 : tier;
      by_program = kind == 0;
    }
    if (kind >= 2) {
      ASSERT_EQ(news, expected_news);
    }
    for (std::uint64_t page = 0; page < kPages; ++page) {
      ASSERT_EQ(at(page), model[page].first) << "round " << round << " page " << page;
    }
  }
}

}  // namespace
}  // namespace dime
