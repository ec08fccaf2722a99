// SPDX-License-Identifier: GPL-2.0
// The pages of a sample: as many as asked for, wherever they lie, and the same ones in a larger
// one.
#include "core/page_sample.h"

#include <gtest/gtest.h>

#include <cmath>

namespace dime::page_sample {
namespace {

constexpr std::uint64_t kPages = 1'000'000;

std::uint64_t chosen(std::uint32_t share, std::uint64_t first, std::uint64_t stride) {
  std::uint64_t count = 0;
  for (std::uint64_t i = 0; i < kPages; ++i) {
    count += contains(share, {first + i * stride}) ? 1 : 0;
  }
  return count;
}

TEST(PageSampleTest, HasItsShareOfRunsAndStrides) {
  for (const std::uint32_t share : {1u, 100u, 2'500u, 9'999u}) {
    const double expected = static_cast<double>(kPages) * share / kAll;
    const double margin = 5 * std::sqrt(expected * (1 - static_cast<double>(share) / kAll));
    for (const std::uint64_t stride : {1, 2, 512, 4'099}) {
      EXPECT_NEAR(static_cast<double>(chosen(share, 0x7f1200000, stride)), expected, margin)
          << share << " of pages " << stride << " apart";
    }
  }
}

TEST(PageSampleTest, ZeroAndAllAreAll) {
  EXPECT_EQ(chosen(0, 0, 1), kPages);
  EXPECT_EQ(chosen(kAll, 0, 1), kPages);
}

TEST(PageSampleTest, ALargerSampleHasThePagesOfASmallerOne) {
  for (std::uint64_t page = 0; page < kPages; ++page) {
    EXPECT_TRUE(!contains(100, {page}) || contains(1'000, {page})) << page;
  }
}

}  // namespace
}  // namespace dime::page_sample
