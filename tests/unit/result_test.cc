// SPDX-License-Identifier: GPL-2.0
#include "base/result.h"

#include <gtest/gtest.h>

#include <memory>

namespace dime {
namespace {

Result<int> half(int value) {
  if (value % 2 != 0) {
    return fail(EINVAL, "halving {}", value);
  }
  return value / 2;
}

Result<int> quarter(int value) {
  DIME_TRY(const int once, half(value));
  int twice = 0;
  DIME_TRY(twice, half(once));
  return twice;
}

Result<void> check_even(int value) {
  DIME_TRY_VOID(half(value));
  return {};
}

TEST(ResultTest, HoldsAValue) {
  const Result<int> result = quarter(12);
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(*result, 3);
}

TEST(ResultTest, ErrorComesThroughWithItsText) {
  const Result<int> result = quarter(6);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, EINVAL);
  EXPECT_EQ(result.error().message, "halving 3: Invalid argument");
  EXPECT_EQ(result.error().hint, "");
}

TEST(ResultTest, VoidResultsPassErrorsOn) {
  EXPECT_TRUE(check_even(2).has_value());
  EXPECT_EQ(check_even(3).error().code, EINVAL);
}

TEST(ResultTest, ErrorWithoutCodeHasOnlyItsMessage) {
  const Result<int> result = fail(0, "no program given");
  EXPECT_EQ(result.error().message, "no program given");
}

TEST(ResultTest, MendGoesAlong) {
  const Result<int> result = fail_with_hint("sysctl vm.x=1", "x is {}", 0);
  EXPECT_EQ(result.error().message, "x is 0");
  EXPECT_EQ(result.error().hint, "sysctl vm.x=1");
  EXPECT_EQ(result.error().code, 0);
}

Result<std::unique_ptr<int>> make_one() {
  DIME_TRY(std::unique_ptr<int> value, Result<std::unique_ptr<int>>(std::make_unique<int>(5)));
  return value;
}

TEST(ResultTest, MovesValuesThatCannotBeCopied) {
  const Result<std::unique_ptr<int>> result = make_one();
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(**result, 5);
}

}  // namespace
}  // namespace dime
