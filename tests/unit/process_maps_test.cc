// SPDX-License-Identifier: GPL-2.0
#include "engines/user/inject/process_maps.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace dime {
namespace {

constexpr const char* kText =
    "5500aa000000-5500aa001000 r--p 00000000 fe:01 1234                       /usr/bin/some prog\n"
    "7f0000000000-7f0000028000 r--p 00000000 fe:01 99                         /lib/libc.so.6 "
    "(deleted)\n"
    "7f0000028000-7f0000180000 r-xp 00028000 fe:01 99                         /lib/libc.so.6 "
    "(deleted)\n"
    "7f0000180000-7f0000190000 rw-s 00000000 00:05 7                          /dev/zero (deleted)\n"
    "7ffc00000000-7ffc00021000 rw-p 00000000 00:00 0                          [stack]\n"
    "7ffc00100000-7ffc00101000 ---p 00000000 00:00 0 \n";

TEST(ProcessMaps, ReadsEveryField) {
  const auto mappings = parse_maps(kText);
  ASSERT_EQ(mappings.size(), 6u);
  EXPECT_EQ(mappings[0].name, "/usr/bin/some prog");
  EXPECT_EQ(mappings[1].name, "/lib/libc.so.6");
  EXPECT_EQ(mappings[2].range, (RemoteRange{{0x7f0000028000}, {0x7f0000180000}}));
  EXPECT_EQ(mappings[2].offset, 0x28000u);
  EXPECT_EQ(mappings[2].inode, 99u);
  EXPECT_TRUE(mappings[2].readable && mappings[2].executable);
  EXPECT_FALSE(mappings[2].writable || mappings[2].shared);
  EXPECT_TRUE(mappings[3].shared && mappings[3].writable);
  EXPECT_EQ(mappings[4].name, "[stack]");
  EXPECT_EQ(mappings[5].name, "");
  EXPECT_FALSE(mappings[5].readable);
}

TEST(ProcessMaps, LeavesOutWhatIsNoMapping) {
  EXPECT_TRUE(parse_maps("").empty());
  EXPECT_TRUE(parse_maps("\n\nnonsense\n12-zz r--p 0 0:0 0\n10-20 r-- 0 0:0 0\n10-20").empty());
}

TEST(ProcessMaps, FindsTheLoadedLibc) {
  EXPECT_EQ(find_libc(parse_maps(kText)), RemoteAddress{0x7f0000000000});
  // Only read as a file.
  EXPECT_EQ(find_libc(parse_maps("1000-2000 r--p 00000000 fe:01 99 /lib/libc.so.6\n")),
            std::nullopt);
  // The name before glibc 2.34; musl and others are none.
  EXPECT_EQ(find_libc(parse_maps("1000-2000 r-xp 00000000 fe:01 9 /lib/libc-2.31.so\n")),
            RemoteAddress{0x1000});
  EXPECT_EQ(find_libc(parse_maps("1000-2000 r-xp 00000000 fe:01 9 /lib/libc.musl-x86_64.so.1\n")),
            std::nullopt);
}

TEST(ProcessMaps, ReadsThisProcess) {
  const auto mappings = read_maps(::getpid());
  ASSERT_TRUE(mappings);
  EXPECT_TRUE(find_libc(*mappings));
}

TEST(ProcessMaps, NamesAMissingProcess) {
  const auto mappings = read_maps(999999999);
  ASSERT_FALSE(mappings);
  EXPECT_EQ(mappings.error().code, ENOENT);
}

}  // namespace
}  // namespace dime
