// SPDX-License-Identifier: GPL-2.0
// Pages that leave by copies: their content is in the slots and they are gone, or all is as it was.
#include "engines/user/agent/copy_out.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include "engines/user/agent/arena.h"

namespace dime::agent {
namespace {

constexpr unsigned kPages = 8;

class CopyOutTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(arena_.create(1 << 24, 1 << 20, /*for_children=*/false), 0);
    if (app_.open(Userfault::Events::kSignals, Userfault::Use::kProtects) != 0 ||
        shadow_.create(arena_, /*copies=*/true) != 0) {
      GTEST_SKIP() << "no userfaultfd that protects pages is permitted here";
    }
    void* const memory = ::mmap(nullptr, kPages * kPageBytes, PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(memory, MAP_FAILED);
    ASSERT_EQ(::madvise(memory, kPages * kPageBytes, MADV_NOHUGEPAGE), 0);
    from_ = reinterpret_cast<std::uint64_t>(memory);
    for (unsigned i = 0; i < kPages; ++i) {
      at(page(i)) = static_cast<char>('a' + i);
    }
    ASSERT_EQ(app_.register_missing({from_, from_ + kPages * kPageBytes}), 0);
  }
  void TearDown() override {
    app_.close();
    shadow_.destroy();
    arena_.destroy();
  }

  [[nodiscard]] std::uint64_t page(unsigned i) const { return from_ + i * kPageBytes; }
  static char& at(std::uint64_t page) { return *reinterpret_cast<char*>(page); }

  Arena arena_;
  Userfault app_;
  Shadow shadow_;
  std::uint64_t from_ = 0;
};

TEST_F(CopyOutTest, PagesAreInTheirSlotsAndGone) {
  const std::uint32_t slot = shadow_.take_run(3);
  ASSERT_EQ(copy_out(app_, shadow_, slot, page(2), 3), 3);
  for (unsigned i = 0; i < 3; ++i) {
    EXPECT_FALSE(is_present(page(2 + i)));
    EXPECT_EQ(at(shadow_.address(slot + i)), static_cast<char>('c' + i));
  }
  EXPECT_TRUE(is_present(page(1)));
  at(page(5)) = 'x';  // is protected no more, or this would end the test
  ASSERT_EQ(app_.copy(page(2), shadow_.address(slot)), 0);
  at(page(2)) = 'y';
}

TEST_F(CopyOutTest, BehindAMissingPageAllStays) {
  ASSERT_EQ(::madvise(reinterpret_cast<void*>(page(1)), kPageBytes, MADV_DONTNEED), 0);
  const std::uint32_t slot = shadow_.take_run(3);
  ASSERT_EQ(copy_out(app_, shadow_, slot, page(0), 3), 1);
  EXPECT_EQ(copy_out(app_, shadow_, slot + 1, page(1), 1), -ENOENT);
  at(page(2)) = 'z';
  EXPECT_EQ(at(page(2)), 'z');
}

TEST_F(CopyOutTest, LockedAndUnreadablePagesStay) {
  const std::uint32_t slot = shadow_.take();
  ASSERT_EQ(::mprotect(reinterpret_cast<void*>(page(0)), kPageBytes, PROT_NONE), 0);
  EXPECT_EQ(copy_out(app_, shadow_, slot, page(0), 1), -EINVAL);
  if (::mlock(reinterpret_cast<void*>(page(3)), kPageBytes) == 0) {
    EXPECT_EQ(copy_out(app_, shadow_, slot, page(3), 1), -EINVAL);
    EXPECT_FALSE(is_present(shadow_.address(slot)));
    at(page(3)) = 'm';
    EXPECT_EQ(at(page(3)), 'm');
  }
}

}  // namespace
}  // namespace dime::agent
