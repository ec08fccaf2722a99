// SPDX-License-Identifier: GPL-2.0
#include "engines/user/agent/inline/regions.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "model.h"

namespace dime::agent {
namespace {

using Ranges = std::vector<AddressRange>;

constexpr std::uint64_t kPage = kPageBytes;

AddressRange pages(std::uint64_t begin, std::uint64_t end) {
  return {begin * kPage, end * kPage};
}

class RegionsTest : public testing::Test {
 protected:
  RegionsTest() { EXPECT_TRUE(regions_.start(memory_)); }

  [[nodiscard]] Ranges all() const {
    return list([this](auto&& visit) { regions_.for_each(visit); });
  }
  [[nodiscard]] Ranges outside(AddressRange range) const {
    return list([&](auto&& visit) { regions_.for_each_outside(range, visit); });
  }
  template <class ForEach>
  static Ranges list(ForEach&& for_each) {
    Ranges ranges;
    for_each([&](AddressRange range) { ranges.push_back(range); });
    return ranges;
  }

  test::TestMemory memory_;
  Regions regions_;
};

TEST_F(RegionsTest, RangesThatTouchBecomeOne) {
  regions_.add(pages(10, 20));
  regions_.add(pages(30, 40));
  EXPECT_EQ(all(), (Ranges{pages(10, 20), pages(30, 40)}));
  regions_.add(pages(20, 30));
  EXPECT_EQ(all(), (Ranges{pages(10, 40)}));
}

TEST_F(RegionsTest, ARangeIsCutOut) {
  regions_.add(pages(10, 40));
  regions_.remove(pages(15, 20));
  EXPECT_EQ(all(), (Ranges{pages(10, 15), pages(20, 40)}));
  regions_.remove(pages(0, 30));
  EXPECT_EQ(all(), (Ranges{pages(30, 40)}));
}

TEST_F(RegionsTest, IntersectsAndCovers) {
  regions_.add(pages(10, 20));
  regions_.add(pages(30, 40));
  EXPECT_TRUE(regions_.contains(10 * kPage));
  EXPECT_FALSE(regions_.contains(20 * kPage));
  EXPECT_TRUE(regions_.intersects(pages(5, 11)));
  EXPECT_FALSE(regions_.intersects(pages(20, 30)));
  EXPECT_TRUE(regions_.covers(pages(10, 20)));
  EXPECT_TRUE(regions_.covers(pages(31, 32)));
  EXPECT_FALSE(regions_.covers(pages(9, 11)));
  EXPECT_FALSE(regions_.covers(pages(19, 21)));
  EXPECT_FALSE(regions_.covers(pages(10, 40)));
  EXPECT_FALSE(regions_.covers(pages(50, 60)));
}

TEST_F(RegionsTest, WhatLiesOutside) {
  EXPECT_EQ(outside(pages(0, 50)), (Ranges{pages(0, 50)}));
  regions_.add(pages(10, 20));
  regions_.add(pages(30, 40));
  EXPECT_EQ(outside(pages(0, 50)), (Ranges{pages(0, 10), pages(20, 30), pages(40, 50)}));
  EXPECT_EQ(outside(pages(12, 35)), (Ranges{pages(20, 30)}));
  EXPECT_EQ(outside(pages(15, 18)), Ranges{});
  EXPECT_EQ(outside(pages(10, 20)), Ranges{});
}

TEST_F(RegionsTest, ReadersSeeNoHalfOfAChange) {
  regions_.add(pages(10, 20));
  std::atomic<bool> stop = false;
  std::atomic<std::uint64_t> wrong = 0;
  std::thread reader([&] {
    while (!stop.load()) {
      wrong += regions_.covers(pages(10, 20)) && !regions_.contains(25 * kPage) ? 0U : 1U;
    }
  });
  for (unsigned i = 0; i < 20'000; ++i) {
    regions_.add(pages(2, 4));
    regions_.add(pages(30, 40));
    regions_.remove(pages(2, 4));
    regions_.remove(pages(30, 40));
  }
  stop.store(true);
  reader.join();
  EXPECT_EQ(wrong.load(), 0U);
}

}  // namespace
}  // namespace dime::agent
