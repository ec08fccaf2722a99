// SPDX-License-Identifier: GPL-2.0
#include "core/units.h"

#include <gtest/gtest.h>

namespace dime {
namespace {

TEST(NanosTest, SubtractionStopsAtZero) {
  EXPECT_EQ(Nanos{5} - Nanos{3}, Nanos{2});
  EXPECT_EQ(Nanos{3} - Nanos{5}, Nanos{0});
  EXPECT_EQ(later(Nanos{3}, Nanos{5}), Nanos{5});
  EXPECT_EQ(later(Nanos{5}, Nanos{3}), Nanos{5});
}

TEST(PageNumberTest, AddressAndBack) {
  EXPECT_EQ(PageNumber::of(0x7fff'ffff'f123), PageNumber{0x7'ffff'ffff});
  EXPECT_EQ(PageNumber{0x7'ffff'ffff}.address(), 0x7fff'ffff'f000u);
}

TEST(AddressRangeTest, IsHalfOpen) {
  const AddressRange range{0x1000, 0x3000};
  EXPECT_EQ(range.bytes(), 0x2000u);
  EXPECT_TRUE(range.contains(0x1000));
  EXPECT_TRUE(range.contains(0x2fff));
  EXPECT_FALSE(range.contains(0x3000));
  EXPECT_FALSE(range.contains(0xfff));
}

TEST(AddressRangeTest, NeighboursDoNotIntersect) {
  const AddressRange range{0x1000, 0x3000};
  EXPECT_FALSE(range.intersects({0x3000, 0x4000}));
  EXPECT_FALSE(range.intersects({0, 0x1000}));
  EXPECT_TRUE(range.intersects({0x2fff, 0x4000}));
  EXPECT_EQ(range.intersection({0x2000, 0x9000}), (AddressRange{0x2000, 0x3000}));
  EXPECT_TRUE(range.intersection({0x3000, 0x4000}).empty());
}

TEST(AddressRangeTest, ReversedIsEmpty) {
  const AddressRange range{0x3000, 0x1000};
  EXPECT_TRUE(range.empty());
  EXPECT_EQ(range.bytes(), 0u);
}

}  // namespace
}  // namespace dime
