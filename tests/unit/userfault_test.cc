// SPDX-License-Identifier: GPL-2.0
// Moves whose answer cannot be relied on: a second move of a page that was moved has the answer
// that Linux 6.18 sometimes gives to the first one.
#include "engines/user/agent/userfault.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cerrno>

namespace dime::agent {
namespace {

constexpr unsigned kPages = 8;

class UserfaultTest : public testing::Test {
 protected:
  void SetUp() override {
    if (userfault_.open(Userfault::Events::kSignals, Userfault::Use::kMoves) != 0) {
      GTEST_SKIP() << "no userfaultfd that can move pages is permitted here";
    }
    for (std::uint64_t* place : {&from_, &to_}) {
      void* const memory = ::mmap(nullptr, kPages * kPageBytes, PROT_READ | PROT_WRITE,
                                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      ASSERT_NE(memory, MAP_FAILED);
      ASSERT_EQ(::madvise(memory, kPages * kPageBytes, MADV_NOHUGEPAGE), 0);
      *place = reinterpret_cast<std::uint64_t>(memory);
    }
    ASSERT_EQ(userfault_.register_missing({to_, to_ + kPages * kPageBytes}), 0);
  }
  void TearDown() override { userfault_.close(); }

  static char& at(std::uint64_t page) { return *reinterpret_cast<char*>(page); }
  void fill(unsigned pages) const {
    for (unsigned i = 0; i < pages; ++i) {
      at(from_ + i * kPageBytes) = static_cast<char>('a' + i);
    }
  }

  Userfault userfault_;
  std::uint64_t from_ = 0;
  std::uint64_t to_ = 0;
};

TEST_F(UserfaultTest, MovedPageIsMovedWhateverIsAnswered) {
  fill(1);
  EXPECT_EQ(userfault_.move(to_, from_), 0);
  EXPECT_EQ(userfault_.move(to_, from_), 0);
  EXPECT_EQ(at(to_), 'a');
}

TEST_F(UserfaultTest, PageThatIsInTheWayIsReported) {
  fill(1);
  ASSERT_EQ(userfault_.move(to_, from_), 0);
  at(from_) = 'z';
  EXPECT_EQ(userfault_.move(to_, from_), -EEXIST);
  EXPECT_EQ(userfault_.move_run(to_, from_, 1), -EEXIST);
  EXPECT_EQ(at(from_), 'z');
  EXPECT_EQ(at(to_), 'a');
}

TEST_F(UserfaultTest, MovedRunIsMovedWhateverIsAnswered) {
  fill(kPages);
  ASSERT_EQ(userfault_.move_run(to_, from_, 3), 3);
  // The first three are there, and are all that was moved so far.
  EXPECT_EQ(userfault_.move_run(to_, from_, kPages), 3);
  EXPECT_EQ(userfault_.move_run(to_ + 3 * kPageBytes, from_ + 3 * kPageBytes, 5), 5);
  for (unsigned i = 0; i < kPages; ++i) {
    EXPECT_EQ(at(to_ + i * kPageBytes), 'a' + static_cast<char>(i));
  }
}

TEST_F(UserfaultTest, RunEndsAtAHole) {
  fill(2);
  at(from_ + 3 * kPageBytes) = 'd';
  EXPECT_EQ(userfault_.move_run(to_, from_, 4), 2);
  EXPECT_EQ(pages_moved(to_, from_, 4), 2U);
  EXPECT_EQ(userfault_.move(to_ + 2 * kPageBytes, from_ + 2 * kPageBytes), -ENOENT);
  EXPECT_EQ(at(from_ + 3 * kPageBytes), 'd');
}

}  // namespace
}  // namespace dime::agent
