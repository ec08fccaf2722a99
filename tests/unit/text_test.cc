// SPDX-License-Identifier: GPL-2.0
#include "core/text.h"

#include <gtest/gtest.h>

#include <string>

namespace dime {
namespace {

TEST(TextTest, SlicesAndFinds) {
  const Text text("key=value");
  EXPECT_EQ(text.size, 9u);
  EXPECT_EQ(text.find('='), 3u);
  EXPECT_EQ(text.find('!'), 9u);
  EXPECT_TRUE(text.slice(4, 9) == Text("value"));
  EXPECT_FALSE(text == Text("key=valuf"));
  EXPECT_FALSE(text == Text("key"));
  EXPECT_TRUE(text.slice(9, 9).empty());
}

TEST(ReadDecimal, ReadsUpToTheLargest) {
  std::uint64_t value = 7;
  EXPECT_TRUE(read_decimal("0", value));
  EXPECT_EQ(value, 0u);
  EXPECT_TRUE(read_decimal("18446744073709551615", value));
  EXPECT_EQ(value, UINT64_MAX);
  EXPECT_TRUE(read_decimal("007", value));
  EXPECT_EQ(value, 7u);
}

TEST(ReadDecimal, RefusesEverythingElse) {
  for (const char* const text : {"", "-1", "+1", " 1", "1 ", "1x", "0x10", "1.0",
                                 "18446744073709551616", "99999999999999999999"}) {
    std::uint64_t value = 7;
    EXPECT_FALSE(read_decimal(text, value)) << text;
    EXPECT_EQ(value, 7u);
  }
}

TEST(TextWriterTest, AlignsNumbers) {
  char buffer[64];
  TextWriter(buffer, sizeof(buffer)).put(std::uint64_t{7}, 4).put('|').put(std::uint64_t{12345}, 3);
  EXPECT_EQ(std::string(buffer), "   7|12345");
  TextWriter(buffer, sizeof(buffer)).put(UINT64_MAX).put(std::uint64_t{5}, 2, '0');
  EXPECT_EQ(std::string(buffer), "1844674407370955161505");
}

TEST(TextWriterTest, CutsAndCountsOn) {
  char buffer[5] = {'x', 'x', 'x', 'x', 'x'};
  TextWriter out(buffer, 4);
  EXPECT_EQ(buffer[0], '\0');
  out.put("abcdef");
  EXPECT_EQ(std::string(buffer), "abc");
  EXPECT_EQ(out.length(), 6u);
  EXPECT_EQ(buffer[4], 'x');
}

TEST(TextWriterTest, NoBufferOnlyCounts) {
  TextWriter out(nullptr, 0);
  out.put("abc").put(std::uint64_t{10});
  EXPECT_EQ(out.length(), 5u);
}

}  // namespace
}  // namespace dime
