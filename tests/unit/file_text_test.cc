// SPDX-License-Identifier: GPL-2.0
// Files that users name, and lines that hold what users wrote.
#include "base/file_text.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/printable.h"
#include "runtime_folder.h"

namespace dime {
namespace {

namespace fs = std::filesystem;

class FileTextTest : public testing::Test {
 protected:
  [[nodiscard]] std::string path(const char* name) const { return folder_.path() + "/" + name; }
  test::RuntimeFolder folder_;
};

TEST_F(FileTextTest, ReadsRegularFilesUpToALimit) {
  std::ofstream(path("short")) << "content";
  EXPECT_EQ(read_text_file(path("short"), 7).value(), "content");
  EXPECT_EQ(read_text_file(path("short"), 6).error().message, "longer than 0 KiB");
  EXPECT_EQ(read_text_file(path("none"), 6).error().message, "No such file or directory");
  EXPECT_TRUE(read_text_file("/proc/self/status", 1 << 20));
}

TEST_F(FileTextTest, WaitsForNothing) {
  ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
  EXPECT_EQ(read_text_file(path("fifo"), 100).error().message, "not a regular file");
  EXPECT_EQ(read_text_file("/dev/zero", 100).error().message, "not a regular file");
  EXPECT_EQ(read_text_file(folder_.path(), 100).error().message, "not a regular file");
  EXPECT_EQ(write_text_file(path("fifo"), "text").error().code, ENXIO);
}

TEST_F(FileTextTest, ReplacesAFileWhole) {
  ASSERT_TRUE(write_text_file(path("new"), "one"));
  struct stat about {};
  ASSERT_EQ(::stat(path("new").c_str(), &about), 0);
  const mode_t mask = ::umask(0);
  ::umask(mask);
  EXPECT_EQ(about.st_mode & 0777, 0666 & ~mask);
  ASSERT_EQ(::chmod(path("new").c_str(), 0640), 0);
  ASSERT_TRUE(write_text_file(path("new"), "two"));
  EXPECT_EQ(read_text_file(path("new"), 100).value(), "two");
  ASSERT_EQ(::stat(path("new").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0640u);
  EXPECT_EQ(folder_.files(), 1u);
}

TEST_F(FileTextTest, WritesToDevicesAndSaysWhatFails) {
  EXPECT_TRUE(write_text_file("/dev/null", "text"));
  EXPECT_EQ(write_text_file("/dev/full", "text").error().code, ENOSPC);
  EXPECT_EQ(write_text_file(path("none/file"), "text").error().code, ENOENT);
  EXPECT_EQ(write_text_file(folder_.path(), "text").error().code, EISDIR);
}

// Anybody could guess the name of a temporary file with the process's number, and put a link there.
TEST_F(FileTextTest, FollowsNoLinkThatLiesInTheWay) {
  std::ofstream(path("precious")) << "kept";
  fs::create_symlink(path("precious"),
                     path(("out." + std::to_string(::getpid()) + ".new").c_str()));
  ASSERT_TRUE(write_text_file(path("out"), "text"));
  EXPECT_EQ(read_text_file(path("precious"), 100).value(), "kept");
  EXPECT_FALSE(fs::is_symlink(path("out")));
}

TEST(Printable, HasNoControlCharacters) {
  EXPECT_EQ(printable("plain \u00b5s"), "plain \u00b5s");
  EXPECT_EQ(printable("a\nb\tc\x1b[31m\x7f"), "a\\nb\\tc\\x1b[31m\\x7f");
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m"),
            "\\xc2\\x9b31m")
      << "CSI in UTF-8";
  EXPECT_EQ(printable(std::string_view("\0", 1)), "\\x00");
}

TEST(Printable, LosesItsMiddle) {
  const std::string cut = printable("begin" + std::string(100'000, 'x') + "end", 30);
  EXPECT_TRUE(cut.starts_with("begin") && cut.ends_with("end"));
  EXPECT_LT(cut.size(), 50u);
}

}  // namespace
}  // namespace dime
