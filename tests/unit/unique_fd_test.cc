// SPDX-License-Identifier: GPL-2.0
#include "base/unique_fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>

namespace dime {
namespace {

int open_one() {
  return ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

bool is_open(int fd) {
  return ::fcntl(fd, F_GETFD) != -1;
}

TEST(UniqueFdTest, ClosesAtItsEnd) {
  const int fd = open_one();
  {
    const UniqueFd owner(fd);
    EXPECT_TRUE(owner.valid());
    EXPECT_EQ(owner.get(), fd);
  }
  EXPECT_FALSE(is_open(fd));
}

TEST(UniqueFdTest, MoveLeavesTheSourceEmpty) {
  UniqueFd source(open_one());
  const int fd = source.get();
  const UniqueFd target(std::move(source));
  EXPECT_EQ(target.get(), fd);
  EXPECT_FALSE(source.valid());  // NOLINT(bugprone-use-after-move): what is tested
  EXPECT_TRUE(is_open(fd));
}

TEST(UniqueFdTest, AssignmentClosesWhatWasThere) {
  const int first = open_one();
  const int second = open_one();
  UniqueFd target(first);
  target = UniqueFd(second);
  EXPECT_FALSE(is_open(first));
  EXPECT_TRUE(is_open(second));
  EXPECT_EQ(target.get(), second);
}

TEST(UniqueFdTest, SelfAssignmentKeepsIt) {
  UniqueFd owner(open_one());
  const int fd = owner.get();
  UniqueFd& same = owner;
  owner = std::move(same);
  EXPECT_EQ(owner.get(), fd);
  EXPECT_TRUE(is_open(fd));
}

TEST(UniqueFdTest, ReleaseGivesUpOwnership) {
  int fd = -1;
  {
    UniqueFd owner(open_one());
    fd = owner.release();
    EXPECT_FALSE(owner.valid());
  }
  EXPECT_TRUE(is_open(fd));
  const UniqueFd closer(fd);
}

TEST(UniqueFdTest, ResetTwiceClosesOnce) {
  UniqueFd owner(open_one());
  const int fd = owner.get();
  owner.reset();
  const int reused = open_one();
  EXPECT_EQ(reused, fd);
  owner.reset();
  EXPECT_TRUE(is_open(reused));
  owner.reset(reused);
}

TEST(UniqueFdTest, ClosingLeavesErrnoAlone) {
  errno = ENOENT;
  { const UniqueFd not_open(1'000'000); }  // close() fails with EBADF
  EXPECT_EQ(errno, ENOENT);
}

TEST(UniqueFdTest, EmptyOwnsNothing) {
  UniqueFd owner;
  EXPECT_FALSE(owner.valid());
  EXPECT_EQ(owner.get(), -1);
  EXPECT_EQ(owner.release(), -1);
}

}  // namespace
}  // namespace dime
