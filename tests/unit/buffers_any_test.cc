// SPDX-License-Identifier: GPL-2.0
// Any number with any arguments over any memory: no read outside of what the Reader allows, no
// endless enumeration, no range that breaks the contract.
#include <gtest/gtest.h>

#include <random>

#include "buffers_memory.h"
#include "engines/user/agent/inline/call_numbers.h"

namespace dime::agent {
namespace {

// Each call many times, with arguments and contents that are mostly addresses of this memory.
TEST(AnyCall, StaysWithinItsContract) {
  constexpr std::uint64_t kBytes = 4 * 4096;
  constexpr std::uint64_t kEnd = FakeMemory::kBegin + kBytes;
  constexpr int kRounds = 60;
  constexpr std::uint64_t kUserEnd = 1ULL << 56U;
  std::mt19937_64 random(20260101);
  const auto word = [&]() -> std::uint64_t {
    switch (random() % 8) {
      case 0:
        return random();
      case 1:
        return random() % 64;
      case 2:
        return random() % 2000;
      case 3:
        return kEnd - random() % 64;
      case 4:
        return 0;
      default:
        return FakeMemory::kBegin + random() % kBytes;
    }
  };
  FakeMemory memory(kBytes);
  std::uint64_t listed = 0;
  for (long number = -2; number < 480; ++number) {
    for (int round = 0; round < kRounds; ++round) {
      for (std::uint64_t at = FakeMemory::kBegin; at < kEnd; at += 8) {
        memory.put(at, word());
      }
      long arguments[6];
      for (long& argument : arguments) {
        argument = static_cast<long>(word());
      }
      const CallClass call = classify(number, arguments);
      memory.reads = 0;
      BufferList list;
      collect_buffers(number, arguments, FakeMemory::read, &memory, list);
      // The budget is 8 MiB and a read costs 64 bytes at least.
      ASSERT_LE(memory.reads, (8U << 20U) / 64U) << number;
      ASSERT_LE(list.size(), BufferList::kCapacity);
      if (call.kind == CallKind::kPlain || call.kind == CallKind::kUnknown) {
        ASSERT_EQ(list.size(), 0U) << number;
      }
      for (const BufferRange& range : list) {
        ASSERT_GT(range.bytes, 0U) << number;
        ASSERT_LE(range.bytes, kLongestTransfer) << number;
        ASSERT_LT(range.begin + range.bytes, kUserEnd) << number;
      }
      listed += list.size();
    }
  }
  EXPECT_GT(listed, 10000U);
}

// A thousand messages of a thousand pieces each, all in the same memory.
TEST(AnyCall, ManyNestedVectorsEnd) {
  FakeMemory memory(64 * 4096);
  for (std::uint64_t at = FakeMemory::kBegin; at + 64 <= memory.end(); at += 64) {
    const std::uint64_t header[8] = {
        FakeMemory::kBegin, 16, FakeMemory::kBegin, 1024, FakeMemory::kBegin + 8192, 64, 0, 0};
    memory.put(at, header);
  }
  memory.collect(__NR_sendmmsg, {3, FakeMemory::kBegin, 1024});
  // Each of the batches may read everything again.
  EXPECT_LT(memory.reads, BufferList::kMaximum / BufferList::kCapacity * ((8U << 20U) / 64U));
}

TEST(AnyCall, LongArgumentListIsListedWhole) {
  constexpr std::uint64_t kStrings = 20000;
  FakeMemory memory(kStrings * 32);
  for (std::uint64_t i = 0; i < kStrings; ++i) {
    const std::uint64_t text = FakeMemory::kBegin + kStrings * 16 + i * 8;
    memory.put(FakeMemory::kBegin + i * 8, text);
    memory.put_text(text, "string");
  }
  const std::vector<BufferRange> ranges = memory.collect(__NR_execve, {0, FakeMemory::kBegin, 0});
  EXPECT_TRUE(memory.complete);
  std::uint64_t bytes = 0;
  for (const BufferRange& range : ranges) {
    bytes += range.bytes;
  }
  // Pointers and strings, with the byte between two strings where they are one range.
  EXPECT_GE(bytes, (kStrings + 1) * 8 + kStrings * 7);
  EXPECT_LE(bytes, (kStrings + 1) * 8 + kStrings * 8);
}

}  // namespace
}  // namespace dime::agent
