// SPDX-License-Identifier: GPL-2.0
#include "core/range_names.h"

#include <gtest/gtest.h>

#include <string>

#include "model.h"

namespace dime::test {
namespace {

constexpr unsigned kRanges = 16;
constexpr unsigned kNames = 3;

class RangeNamesTest : public testing::Test {
 protected:
  RangeNamesTest() { EXPECT_TRUE(names_.create(memory_, kRanges, kNames)); }
  std::string at(std::uint64_t address) { return names_.at(address).name; }

  TestMemory memory_;
  RangeNames names_;
};

TEST_F(RangeNamesTest, UnmappingTheMiddleKeepsTheNamesOfBothEnds) {
  ASSERT_TRUE(names_.set({0x1000, 0x5000}, "table"));
  names_.clear({0x2000, 0x3000});
  EXPECT_EQ(at(0x1fff), "table");
  EXPECT_EQ(at(0x2000), "");
  EXPECT_EQ(at(0x3000), "table");
  EXPECT_EQ(names_.at(0x4000).range, (AddressRange{0x3000, 0x5000}));
  EXPECT_EQ(at(0x5000), "");
}

TEST_F(RangeNamesTest, ANewNameReplacesThePartItCovers) {
  ASSERT_TRUE(names_.set({0x1000, 0x5000}, "table"));
  ASSERT_TRUE(names_.set({0x2000, 0x3000}, "index"));
  EXPECT_EQ(at(0x1000), "table");
  EXPECT_EQ(at(0x2000), "index");
  EXPECT_EQ(at(0x3000), "table");
  ASSERT_TRUE(names_.set({0x1000, 0x5000}, ""));
  EXPECT_TRUE(names_.empty());
}

TEST_F(RangeNamesTest, NamesMoveWithTheirMemory) {
  ASSERT_TRUE(names_.set({0x1000, 0x3000}, "table"));
  ASSERT_TRUE(names_.set({0x8000, 0xa000}, "index"));
  names_.move(0x2000, 0x9000, 0x1000);
  EXPECT_EQ(at(0x1000), "table");
  EXPECT_EQ(at(0x2000), "");
  EXPECT_EQ(at(0x8000), "index");
  EXPECT_EQ(at(0x9000), "table");
}

TEST_F(RangeNamesTest, ANameWithoutRoomIsRefusedUntilOneIsFree) {
  for (std::uint64_t i = 0; i < kNames; ++i) {
    ASSERT_TRUE(names_.set({i << 12, (i + 1) << 12}, std::to_string(i)));
  }
  EXPECT_FALSE(names_.set({0x8000, 0x9000}, "more"));
  EXPECT_EQ(at(0x8000), "");
  EXPECT_TRUE(names_.set({0x8000, 0x9000}, "1"));
  names_.clear({0, 0x1000});
  EXPECT_TRUE(names_.set({0x9000, 0xa000}, "more"));
  EXPECT_EQ(at(0x9000), "more");
}

}  // namespace
}  // namespace dime::test
