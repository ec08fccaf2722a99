// SPDX-License-Identifier: GPL-2.0
// What is read of this program's own file, with its symbols and without them.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "cli/code_file.h"
#include "engines/user/inject/process_maps.h"

// No frame, and nothing pushed: its return address is on top.
extern "C" __attribute__((noinline)) int dime_test_leaf(int* at) {
  return ++*at;
}

namespace dime::code_file_test {

__attribute__((noinline)) int twice(int* at) {
  return dime_test_leaf(at) + dime_test_leaf(at);
}

}  // namespace dime::code_file_test

namespace dime {
namespace {

std::uint64_t offset_of(const void* code) {
  const auto address = reinterpret_cast<std::uint64_t>(code);
  const auto mappings = read_maps(::getpid());
  for (const ProcessMapping& mapping : *mappings) {
    if (address >= mapping.range.begin.value && address < mapping.range.end.value) {
      return address - mapping.range.begin.value + mapping.offset;
    }
  }
  return 0;
}

const std::uint64_t kLeaf = offset_of(reinterpret_cast<const void*>(&dime_test_leaf));
const std::uint64_t kTwice = offset_of(reinterpret_cast<const void*>(&code_file_test::twice));

TEST(CodeFile, NamesFunctionsAsTheyWereWritten) {
  const CodeFile file("/proc/self/exe");
  EXPECT_EQ(file.function_at(kLeaf), "dime_test_leaf");
  EXPECT_EQ(file.function_at(kTwice + 4), "dime::code_file_test::twice(int*)");
  EXPECT_EQ(file.function_at(UINT64_MAX), "");
  EXPECT_EQ(file.begin_of(kTwice + 4), kTwice);
  EXPECT_EQ(file.begin_of(UINT64_MAX), UINT64_MAX);
}

TEST(CodeFile, KnowsWhereAFunctionReturnsTo) {
  const CodeFile file("/proc/self/exe");
  EXPECT_TRUE(file.returns_to_top(kTwice)) << "nothing is pushed yet";
  EXPECT_FALSE(file.returns_to_top(kTwice + 12)) << "something is";
  EXPECT_FALSE(file.returns_to_top(UINT64_MAX));
}

TEST(CodeFile, KnowsWhereFunctionsBeginWithoutSymbols) {
  char folder[] = "/tmp/dime-code-file-test-XXXXXX";
  ASSERT_NE(::mkdtemp(folder), nullptr);
  const std::string stripped = std::string(folder) + "/stripped";
  const std::string command =
      "strip -o " + stripped + " " + std::filesystem::read_symlink("/proc/self/exe").string();
  ASSERT_EQ(std::system(command.c_str()), 0);
  const CodeFile file(stripped);
  EXPECT_EQ(file.function_at(kLeaf), "");
  EXPECT_EQ(file.begin_of(kTwice + 4), kTwice);
  EXPECT_EQ(file.build_id(), CodeFile("/proc/self/exe").build_id());
  std::filesystem::remove_all(folder);
}

TEST(CodeFile, OfWhatIsNoneNothingIsKnown) {
  for (const char* path : {"/no/such/file", "/proc/self/cmdline", "/etc/passwd", "/"}) {
    const CodeFile file(path);
    EXPECT_EQ(file.function_at(0x1000), "") << path;
    EXPECT_EQ(file.begin_of(0x1000), 0x1000u) << path;
    EXPECT_FALSE(file.returns_to_top(0x1000)) << path;
    EXPECT_EQ(file.build_id(), "") << path;
  }
}

}  // namespace
}  // namespace dime
