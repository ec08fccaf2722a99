// SPDX-License-Identifier: GPL-2.0
#include "core/config_table.h"

#include <gtest/gtest.h>

#include <cinttypes>
#include <cstdio>
#include <string>

namespace dime::config {
namespace {

std::string row_text(const TableRow& row) {
  char buffer[256];
  TextWriter out(buffer, sizeof(buffer));
  write_row(out, row);
  return buffer;
}

TEST(ConfigTable, IsTheManuals) {
  char buffer[512];
  TextWriter out(buffer, sizeof(buffer));
  const std::uint32_t first[] = {1234, 5678};
  const std::uint32_t second[] = {8765, 4321};
  write_header(out);
  write_row(out, {0, 1'000, 1'000'000'000, 2'000, 0, first, 2});
  write_row(out, {1, 500, 1'000'000'000, 5'000, 0, second, 2});
  EXPECT_EQ(std::string(buffer),
            "instance_id latency_ns bandwidth_bps local_npages page_fault_count pid\n"
            "          0       1000    1000000000         2000                0 1234,5678,\n"
            "          1        500    1000000000         5000                0 8765,4321,\n");
  EXPECT_EQ(out.length(), std::string(buffer).size());
}

TEST(ConfigTable, RowIsPrintfsFormat) {
  const std::uint32_t pids[] = {1, 4'194'304};
  for (const std::uint64_t value :
       {std::uint64_t{0}, std::uint64_t{9'999'999'999}, std::uint64_t{10'000'000'000},
        std::uint64_t{123'456'789'012'345'678}, UINT64_MAX}) {
    char expected[256];
    std::snprintf(expected, sizeof(expected),
                  "%11d %10" PRIu64 " %13" PRIu64 " %12" PRIu64 " %16" PRIu64 " %d,%d,\n", 7, value,
                  value, value, value, 1, 4'194'304);
    EXPECT_EQ(row_text({7, value, value, value, value, pids, 2}), expected);
  }
}

TEST(ConfigTable, InstanceWithoutMembersEndsInABlank) {
  EXPECT_EQ(row_text({0, 1, 2, 3, 4, nullptr, 0}),
            "          0          1             2            3                4 \n");
}

TEST(ConfigTable, ShortBufferIsCutAndTheLengthTold) {
  char buffer[16];
  TextWriter out(buffer, sizeof(buffer));
  write_header(out);
  EXPECT_EQ(std::string(buffer), "instance_id lat");
  EXPECT_EQ(out.length(), 71u);
}

}  // namespace
}  // namespace dime::config
