// SPDX-License-Identifier: GPL-2.0
// Frame pointers are followed upwards within the stack, and nothing else is read.
#include <gtest/gtest.h>
#include <sys/mman.h>

#include "engines/user/agent/inline/call_stack.h"

namespace dime::agent {
namespace {

constexpr std::uint64_t kCode = 0x401000;

class CallStackTest : public testing::Test {
 protected:
  [[nodiscard]] std::uint64_t at(unsigned word) const {
    return reinterpret_cast<std::uint64_t>(&words_[word]);
  }
  [[nodiscard]] AddressRange stack() const { return {at(0), at(kWords)}; }
  void frame(unsigned word, std::uint64_t next, std::uint64_t caller) {
    words_[word] = next;
    words_[word + 1] = caller;
  }
  CallStack& walked(std::uint64_t frame_pointer, std::uint64_t stack_pointer) {
    walk({kCode, frame_pointer, stack_pointer}, stack(), found_);
    return found_;
  }

  static constexpr unsigned kWords = 512;
  alignas(16) std::uint64_t words_[kWords + 1] = {};
  CallStack found_;
};

TEST_F(CallStackTest, FramesAreFollowedToTheOutermost) {
  words_[2] = 77;
  frame(4, at(10), kCode + 1);
  frame(10, at(20), kCode + 2);
  frame(20, 0, kCode + 3);
  const CallStack& found = walked(at(4), at(2));
  EXPECT_EQ(found.pc, kCode);
  EXPECT_EQ(found.top, 77u);
  ASSERT_EQ(found.depth, 3u);
  EXPECT_EQ(found.callers[0], kCode + 1);
  EXPECT_EQ(found.callers[2], kCode + 3);
}

TEST_F(CallStackTest, OnlyUpwardsAndOnlyInTheStack) {
  frame(4, at(4), kCode + 1);
  EXPECT_EQ(walked(at(4), at(2)).depth, 1u) << "a frame is not its own caller";
  frame(4, at(2), kCode + 1);
  EXPECT_EQ(walked(at(4), at(2)).depth, 1u) << "downwards";
  EXPECT_EQ(walked(at(4), at(6)).depth, 0u) << "below the stack pointer";
  frame(4, at(kWords), kCode + 1);
  EXPECT_EQ(walked(at(4), at(2)).depth, 1u) << "behind the end";
  frame(4, at(kWords - 1), kCode + 1);
  EXPECT_EQ(walked(at(4), at(2)).depth, 1u) << "over the end";
  EXPECT_EQ(walked(UINT64_MAX - 7, at(2)).depth, 0u);
  EXPECT_EQ(walked(at(4) + 1, at(2)).depth, 0u) << "not a word's address";
}

TEST_F(CallStackTest, WhatIsNoAddressOfCodeEndsTheChain) {
  frame(4, at(10), kCode);
  frame(10, at(20), 5);
  EXPECT_EQ(walked(at(4), at(2)).depth, 1u);
  frame(10, at(20), UINT64_MAX);
  EXPECT_EQ(walked(at(4), at(2)).depth, 1u);
}

TEST_F(CallStackTest, OnAnotherStackOnlyTheInstructionIsKnown) {
  frame(4, 0, kCode + 1);
  const CallStack& found = walked(at(4), 0x1000);
  EXPECT_EQ(found.pc, kCode);
  EXPECT_EQ(found.top, 0u);
  EXPECT_EQ(found.depth, 0u);
  walk({kCode, at(4), at(2)}, {}, found_);
  EXPECT_EQ(found_.depth, 0u) << "no stack is known";
}

TEST_F(CallStackTest, DeepStacksAreCut) {
  for (unsigned i = 2; i + 2 < kWords; i += 2) {
    frame(i, at(i + 2), kCode + i);
  }
  EXPECT_EQ(walked(at(2), at(0)).depth, DIME_STACK_CALLERS);
}

TEST(ReadableStack, EndsWithItsMappingOrAtTheThreadsData) {
  constexpr std::size_t kBytes = 8 * kPageBytes;
  void* const mapped = ::mmap(nullptr, kBytes + 2 * kPageBytes, PROT_NONE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  ASSERT_NE(mapped, MAP_FAILED);
  const auto begin = reinterpret_cast<std::uint64_t>(mapped) + kPageBytes;
  ASSERT_EQ(::mprotect(reinterpret_cast<void*>(begin), kBytes, PROT_READ | PROT_WRITE), 0);
  const AddressRange whole{begin, begin + kBytes};
  EXPECT_EQ(readable_stack(begin + 100, 1), whole);
  EXPECT_EQ(readable_stack(begin + 100, begin + 4096), (AddressRange{begin, begin + 4096}));
  EXPECT_EQ(readable_stack(begin + 8192, begin + 4096), whole) << "not above";
  ::munmap(mapped, kBytes + 2 * kPageBytes);
  int local = 0;
  const auto here = reinterpret_cast<std::uint64_t>(&local);
  EXPECT_TRUE(readable_stack(here, 1).contains(here));
}

}  // namespace
}  // namespace dime::agent
