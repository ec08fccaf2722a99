// SPDX-License-Identifier: GPL-2.0
// Every single change of a page is seen: a bit anywhere, and words that change places.
#include "engines/user/agent/page_sum.h"

#include <gtest/gtest.h>

#include <cstring>
#include <set>
#include <utility>
#include <vector>

#include "core/units.h"

namespace dime::agent {
namespace {

constexpr std::size_t kWords = kPageBytes / sizeof(std::uint64_t);

class PageSum : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!page_sum::is_available()) {
      GTEST_SKIP() << "this processor has no SSE 4.2";
    }
    for (std::size_t i = 0; i < kWords; ++i) {
      page_[i] = 0x9e3779b97f4a7c15u * (i + 1);
    }
  }
  [[nodiscard]] std::uint32_t sum() const { return page_sum::of(page_.data()); }
  std::vector<std::uint64_t> page_ = std::vector<std::uint64_t>(kWords);
};

TEST_F(PageSum, DependsOnEachBit) {
  const std::uint32_t before = sum();
  for (std::size_t bit = 0; bit < kPageBytes * 8; ++bit) {
    page_[bit / 64] ^= std::uint64_t{1} << (bit % 64);
    ASSERT_NE(sum(), before) << "bit " << bit;
    page_[bit / 64] ^= std::uint64_t{1} << (bit % 64);
  }
  EXPECT_EQ(sum(), before);
}

TEST_F(PageSum, DependsOnTheOrderOfWords) {
  const std::uint32_t before = sum();
  constexpr std::size_t kQuarter = kWords / 4;
  for (const std::size_t one : {std::size_t{0}, kQuarter - 1, kQuarter + 7, 3 * kQuarter}) {
    for (std::size_t i = 0; i < kWords; ++i) {
      std::swap(page_[one], page_[i]);
      ASSERT_EQ(sum() == before, i == one) << "words " << one << " and " << i;
      std::swap(page_[one], page_[i]);
    }
  }
}

TEST_F(PageSum, IsBelowTheNumbersThatAreNoSums) {
  std::set<std::uint32_t> sums;
  constexpr unsigned kPages = 20'000;
  for (unsigned i = 0; i < kPages; ++i) {
    page_[i % kWords] += i + 1;
    sums.insert(sum());
  }
  EXPECT_LT(*sums.rbegin(), page_sum::kUnknown);
  EXPECT_GE(sums.size(), kPages - 2);
}

}  // namespace
}  // namespace dime::agent
