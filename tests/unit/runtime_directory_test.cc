// SPDX-License-Identifier: GPL-2.0
// Where instances lie: in a folder that is this user's alone.
#include "control/runtime_directory.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "control/control_block.h"
#include "control/directory.h"
#include "runtime_folder.h"

namespace dime {
namespace {

namespace fs = std::filesystem;

class RuntimeDirectoryTest : public testing::Test {
 protected:
  // A folder as /dev/shm is, in which the user's own is to be made.
  void share() {
    ASSERT_EQ(::chmod(folder_.path().c_str(), 01777), 0);
    own_ = folder_.path() + "/dime-" + std::to_string(::geteuid());
  }
  test::RuntimeFolder folder_;
  std::string own_;
};

TEST_F(RuntimeDirectoryTest, IsTheFolderGivenWhereThatIsTheUsersAlone) {
  EXPECT_EQ(runtime_directory(), folder_.path());
  ASSERT_TRUE(ensure_runtime_directory());
  EXPECT_EQ(folder_.files(), 0u);
}

TEST_F(RuntimeDirectoryTest, IsAPrivateFolderInOneThatIsShared) {
  share();
  EXPECT_EQ(runtime_directory(), own_);
  EXPECT_TRUE(open_instances()->empty());
  EXPECT_FALSE(fs::exists(own_)) << "looking creates nothing";
  EXPECT_EQ(check_runtime_directory().error().code, ENOENT);
  const mode_t mask = ::umask(0777);
  const auto made = ensure_runtime_directory();
  ::umask(mask);
  ASSERT_TRUE(made);
  EXPECT_EQ(*made, own_);
  struct stat about {};
  ASSERT_EQ(::stat(own_.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 07777, 0700u);
  ASSERT_TRUE(ControlBlock::create(0, {}));
  EXPECT_TRUE(fs::exists(control_path(0)));
}

TEST_F(RuntimeDirectoryTest, RefusesAFolderThatIsOpenToOthers) {
  share();
  fs::create_directory(own_);
  ASSERT_EQ(::chmod(own_.c_str(), 0711), 0);
  const auto refused = ensure_runtime_directory();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message,
            own_ + " is open to other users: instances cannot be kept there");
  EXPECT_EQ(refused.error().hint, "chmod 700 " + own_);
  EXPECT_FALSE(open_instances());
  EXPECT_FALSE(ControlBlock::create(0, {}));
  EXPECT_FALSE(ensure_link("rack"));
}

TEST_F(RuntimeDirectoryTest, RefusesWhatIsNoFolder) {
  share();
  const std::string elsewhere = folder_.path() + "/elsewhere";
  fs::create_directory(elsewhere);
  fs::create_symlink(elsewhere, own_);
  EXPECT_EQ(ensure_runtime_directory().error().message,
            own_ + " is not a folder: instances cannot be kept there");
  fs::remove(own_);
  std::ofstream(own_) << "taken";
  EXPECT_FALSE(ensure_runtime_directory());
}

TEST_F(RuntimeDirectoryTest, RefusesTheFolderOfAnotherUser) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "needs root, to make a folder of another user";
  }
  share();
  fs::create_directory(own_);
  ASSERT_EQ(::chmod(own_.c_str(), 0700), 0);
  ASSERT_EQ(::chown(own_.c_str(), 65534, 65534), 0);
  EXPECT_EQ(ensure_runtime_directory().error().message,
            own_ + " belongs to user 65534: instances cannot be kept there");
}

TEST_F(RuntimeDirectoryTest, AFolderThatWasGivenAndIsMissingIsAnError) {
  const std::string missing = folder_.path() + "/missing";
  ::setenv("DIME_RUNTIME_DIR", missing.c_str(), 1);  // NOLINT(concurrency-mt-unsafe)
  EXPECT_FALSE(open_instances());
  EXPECT_FALSE(ensure_runtime_directory());
  EXPECT_FALSE(fs::exists(missing));
}

TEST_F(RuntimeDirectoryTest, ARelativePathBecomesAbsolute) {
  ::setenv("DIME_RUNTIME_DIR", "./there/", 1);  // NOLINT(concurrency-mt-unsafe)
  EXPECT_EQ(runtime_directory(), fs::current_path().string() + "/there");
}

TEST_F(RuntimeDirectoryTest, TheSessionsFolderCountsOnlyWhereItIsTheUsers) {
  ::unsetenv("DIME_RUNTIME_DIR");  // NOLINT(concurrency-mt-unsafe)
  const std::string shared = "/dev/shm/dime-" + std::to_string(::geteuid());
  std::string session = "/dev/shm/dime-session-XXXXXX";
  ASSERT_NE(::mkdtemp(session.data()), nullptr);
  ::setenv("XDG_RUNTIME_DIR", session.c_str(), 1);  // NOLINT(concurrency-mt-unsafe)
  EXPECT_EQ(runtime_directory(), session + "/dime");
  EXPECT_EQ(::chmod(session.c_str(), 0777), 0);
  EXPECT_EQ(runtime_directory(), shared);
  fs::remove(session);
  EXPECT_EQ(runtime_directory(), shared);
  ::setenv("XDG_RUNTIME_DIR", "/proc/self", 1);  // NOLINT(concurrency-mt-unsafe): not in memory
  EXPECT_EQ(runtime_directory(), shared);
  ::unsetenv("XDG_RUNTIME_DIR");  // NOLINT(concurrency-mt-unsafe)
}

TEST_F(RuntimeDirectoryTest, RefusesPathsThatAnAgentWouldCut) {
  const std::string deep = folder_.path() + "/" + std::string(230, 'd');
  fs::create_directory(deep);
  ::setenv("DIME_RUNTIME_DIR", deep.c_str(), 1);  // NOLINT(concurrency-mt-unsafe)
  const auto refused = ControlBlock::create(0, {});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("allowed: up to 255"), std::string::npos);
  EXPECT_TRUE(fs::is_empty(deep));
}

}  // namespace
}  // namespace dime
