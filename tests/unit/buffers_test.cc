// SPDX-License-Identifier: GPL-2.0
// What each shape of argument lists.
#include "engines/user/agent/inline/buffers.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <linux/futex.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <termios.h>

#include "buffers_memory.h"
#include "engines/user/agent/inline/call_numbers.h"

namespace dime::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kBase = FakeMemory::kBegin;
// Pages apart, so that ranges do not merge.
constexpr std::uint64_t kFar = kBase + 4 * kPage;
constexpr std::uint64_t kFarther = kBase + 8 * kPage;
constexpr std::uint64_t kFarthest = kBase + 12 * kPage;
constexpr std::uint64_t kBad = 0x7000'0000'0000;

class Buffers : public testing::Test {
 protected:
  FakeMemory memory{16 * kPage};

  void put_vector(std::uint64_t at, std::vector<std::pair<std::uint64_t, std::uint64_t>> entries) {
    for (const auto& entry : entries) {
      memory.put(at, entry.first);
      memory.put(at + 8, entry.second);
      at += 16;
    }
  }
  static BufferRange in(std::uint64_t begin, std::uint64_t bytes) { return {begin, bytes, false}; }
  static BufferRange out(std::uint64_t begin, std::uint64_t bytes) { return {begin, bytes, true}; }
};

TEST_F(Buffers, LengthInAnotherArgument) {
  EXPECT_THAT(memory.collect(__NR_read, {3, kBase + 5, 7000}), ElementsAre(out(kBase + 5, 7000)));
  EXPECT_THAT(memory.collect(__NR_write, {3, kBase + 5, 7000}), ElementsAre(in(kBase + 5, 7000)));
  EXPECT_THAT(memory.collect(__NR_read, {3, kBase, 0}), IsEmpty());
  EXPECT_THAT(memory.collect(__NR_read, {3, 0, 100}), IsEmpty());
  EXPECT_EQ(memory.reads, 0U);
}

TEST_F(Buffers, NoRangeIsLongerThanATransferOrLeavesUserAddresses) {
  EXPECT_THAT(memory.collect(__NR_read, {3, kBase, ~0ULL}),
              ElementsAre(out(kBase, kLongestTransfer)));
  EXPECT_THAT(memory.collect(__NR_read, {3, ~0ULL - 10, ~0ULL}), IsEmpty());
  const std::uint64_t end = (1ULL << 56U) - kPage;
  EXPECT_THAT(memory.collect(__NR_read, {3, end - 10, 100}), ElementsAre(out(end - 10, 10)));
  EXPECT_THAT(memory.collect(__NR_epoll_wait, {3, kBase, 1ULL << 62U}),
              ElementsAre(out(kBase, kLongestTransfer / 12 * 12)));
}

TEST_F(Buffers, SmallLimitsOfTheKernelHold) {
  EXPECT_THAT(memory.collect(__NR_getcwd, {kBase, 1 << 20}), ElementsAre(out(kBase, 4096)));
  EXPECT_THAT(memory.collect(__NR_connect, {3, kBase, 1 << 20}), ElementsAre(in(kBase, 128)));
}

TEST_F(Buffers, FixedStructures) {
  EXPECT_THAT(memory.collect(__NR_fstat, {3, kBase}), ElementsAre(out(kBase, 144)));
  EXPECT_THAT(memory.collect(__NR_setitimer, {0, kBase, kFar}),
              ElementsAre(in(kBase, 32), out(kFar, 32)));
  EXPECT_THAT(memory.collect(__NR_clock_nanosleep, {0, 0, kBase, 0}), ElementsAre(in(kBase, 16)));
}

TEST_F(Buffers, RangesOfOnePageAreOne) {
  EXPECT_THAT(memory.collect(__NR_getresuid, {kBase + 8, kBase + 64, kFar}),
              ElementsAre(out(kBase + 8, 60), out(kFar, 4)));
  // Not backwards, and not when only one is written.
  EXPECT_THAT(memory.collect(__NR_getresuid, {kBase + 64, kBase + 8, 0}),
              ElementsAre(out(kBase + 64, 4), out(kBase + 8, 4)));
  EXPECT_THAT(memory.collect(__NR_setitimer, {0, kBase, kBase + 64}),
              ElementsAre(in(kBase, 32), out(kBase + 64, 32)));
  // Directly behind the page, but not a byte further.
  EXPECT_THAT(memory.collect(__NR_getresuid, {kBase, kBase + kPage, 0}),
              ElementsAre(out(kBase, kPage + 4)));
  EXPECT_THAT(memory.collect(__NR_getresuid, {kBase, kBase + kPage + 4, 0}),
              ElementsAre(out(kBase, 4), out(kBase + kPage + 4, 4)));
}

TEST_F(Buffers, PathEndsAtItsNul) {
  memory.put_text(kBase + kPage - 3, "/a/b/c");
  memory.put_text(kFar, "x");
  EXPECT_THAT(memory.collect(__NR_rename, {kBase + kPage - 3, kFar}),
              ElementsAre(in(kBase + kPage - 3, 7), in(kFar, 2)));
}

TEST_F(Buffers, PathAtTheEndOfMemory) {
  memory.put_text(memory.end() - 3, "ab");
  EXPECT_THAT(memory.collect(__NR_chdir, {memory.end() - 3}), ElementsAre(in(memory.end() - 3, 3)));
}

TEST_F(Buffers, PathIsNotReadForEver) {
  const std::string longest(8000, 'x');
  memory.put_text(kBase, longest.c_str());
  EXPECT_THAT(memory.collect(__NR_chdir, {kBase}), ElementsAre(in(kBase, 4096)));
}

TEST_F(Buffers, UnreadablePathIsListedUpToWhereItEnds) {
  EXPECT_THAT(memory.collect(__NR_chdir, {kBad}), ElementsAre(in(kBad, 1)));
  for (std::uint64_t at = memory.end() - 5; at < memory.end(); ++at) {
    memory.put(at, 'x');
  }
  EXPECT_THAT(memory.collect(__NR_chdir, {memory.end() - 5}), ElementsAre(in(memory.end() - 5, 6)));
  // The other argument is still listed.
  EXPECT_THAT(memory.collect(__NR_stat, {kBad, kBase}), ElementsAre(in(kBad, 1), out(kBase, 144)));
}

TEST_F(Buffers, Vectors) {
  put_vector(kBase, {{kFar, 10}, {0, 5}, {kFarther, 20}, {kFarthest, 0}});
  EXPECT_THAT(memory.collect(__NR_readv, {3, kBase, 4}),
              ElementsAre(in(kBase, 64), out(kFar, 10), out(kFarther, 20)));
  EXPECT_THAT(memory.collect(__NR_pwritev2, {3, kBase, 1}),
              ElementsAre(in(kBase, 16), in(kFar, 10)));
  // More than the kernel takes.
  EXPECT_THAT(memory.collect(__NR_readv, {3, kBase, 1025}), IsEmpty());
  // An array that memory ends in.
  put_vector(memory.end() - 16, {{kFar, 10}});
  EXPECT_THAT(memory.collect(__NR_writev, {3, memory.end() - 16, 2}),
              ElementsAre(in(memory.end() - 16, 32), in(kFar, 10)));
}

TEST_F(Buffers, OtherProcessesMemoryIsNotListed) {
  put_vector(kBase, {{kFar, 10}});
  put_vector(kFarther, {{kFarthest, 10}});
  EXPECT_THAT(memory.collect(__NR_process_vm_readv, {1, kBase, 1, kFarther, 1}),
              ElementsAre(in(kBase, 16), out(kFar, 10), in(kFarther, 16)));
}

TEST_F(Buffers, Message) {
  msghdr header{};
  header.msg_name = reinterpret_cast<void*>(kFar);
  header.msg_namelen = 28;
  header.msg_iov = reinterpret_cast<iovec*>(kBase + 2 * kPage);
  header.msg_iovlen = 1;
  header.msg_control = reinterpret_cast<void*>(kFarther);
  header.msg_controllen = 40;
  memory.put(kBase, header);
  put_vector(kBase + 2 * kPage, {{kFarthest, 100}});
  EXPECT_THAT(memory.collect(__NR_recvmsg, {3, kBase}),
              ElementsAre(out(kBase, 56), out(kFar, 28), in(kBase + 2 * kPage, 16),
                          out(kFarthest, 100), out(kFarther, 40)));
  EXPECT_THAT(memory.collect(__NR_sendmsg, {3, kBase}),
              ElementsAre(in(kBase, 56), in(kFar, 28), in(kBase + 2 * kPage, 16),
                          in(kFarthest, 100), in(kFarther, 40)));
  EXPECT_THAT(memory.collect(__NR_recvmmsg, {3, kBase, 1}),
              ElementsAre(out(kBase, 64), out(kFar, 28), in(kBase + 2 * kPage, 16),
                          out(kFarthest, 100), out(kFarther, 40)));
}

TEST_F(Buffers, AddressWithItsLengthBesideIt) {
  memory.put(kFar, std::uint32_t{16});
  EXPECT_THAT(memory.collect(__NR_accept, {3, kBase, kFar}),
              ElementsAre(out(kBase, 16), out(kFar, 4)));
  memory.put(kFar, std::uint32_t{10000});
  EXPECT_THAT(memory.collect(__NR_getsockname, {3, kBase, kFar}),
              ElementsAre(out(kBase, 128), out(kFar, 4)));
  EXPECT_THAT(memory.collect(__NR_getsockopt, {3, 1, 1, kBase, kFar}),
              ElementsAre(out(kBase, 10000), out(kFar, 4)));
  memory.put(kFar, -1);
  EXPECT_THAT(memory.collect(__NR_getsockopt, {3, 1, 1, kBase, kFar}), ElementsAre(out(kFar, 4)));
  EXPECT_THAT(memory.collect(__NR_accept, {3, kBase, kBad}), ElementsAre(out(kBad, 4)));
}

TEST_F(Buffers, BitMaps) {
  EXPECT_THAT(memory.collect(__NR_select, {65, kBase, 0, kFar, kFarther}),
              ElementsAre(out(kBase, 16), out(kFar, 16), out(kFarther, 16)));
  EXPECT_THAT(memory.collect(__NR_select, {64, kBase, 0, 0, 0}), ElementsAre(out(kBase, 8)));
  EXPECT_THAT(memory.collect(__NR_mincore, {kFar, kPage + 1, kBase}), ElementsAre(out(kBase, 2)));
}

TEST_F(Buffers, MaskOfPselect) {
  memory.put(kBase, kFar);
  EXPECT_THAT(memory.collect(__NR_pselect6, {0, 0, 0, 0, 0, kBase}),
              ElementsAre(in(kBase, 16), in(kFar, 8)));
}

TEST_F(Buffers, ArgumentLists) {
  memory.put_text(kBase, "/bin/true");
  memory.put(kFar, kFarther);
  memory.put(kFar + 8, kFarthest);
  memory.put_text(kFarther, "true");
  memory.put_text(kFarthest, "x");
  EXPECT_THAT(memory.collect(__NR_execve, {kBase, kFar, 0}),
              ElementsAre(in(kBase, 10), in(kFar, 24), in(kFarther, 5), in(kFarthest, 2)));
}

TEST_F(Buffers, ArgumentListAtTheEndOfMemory) {
  memory.put(memory.end() - 16, kBase);
  memory.put_text(kBase, "x");
  EXPECT_THAT(memory.collect(__NR_execve, {0, memory.end() - 16, 0}),
              ElementsAre(in(memory.end() - 16, 16), in(kBase, 2)));
  // Without its end: up to the first pointer that cannot be read.
  memory.put(memory.end() - 8, kBase);
  EXPECT_THAT(memory.collect(__NR_execve, {0, memory.end() - 8, 0}),
              ElementsAre(in(memory.end() - 8, 16), in(kBase, 2)));
}

TEST_F(Buffers, BatchesListEachRangeOnce) {
  FakeMemory large(3000 * kPage);
  std::vector<BufferRange> expected;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    // Every third one extends the one before it.
    const std::uint64_t at = kFarther + (i - i % 3) * 2 * kPage + i % 3 * 8;
    large.put(kBase + i * 16, at);
    large.put(kBase + i * 16 + 8, std::uint64_t{8});
    if (i % 3 == 0) {
      expected.push_back(in(at, i == 999 ? 8 : 24));
    }
  }
  expected.insert(expected.begin(), in(kBase, 16000));
  EXPECT_EQ(large.collect(__NR_writev, {3, kBase, 1000}), expected);
  EXPECT_TRUE(large.complete);
}

TEST_F(Buffers, Futex) {
  EXPECT_THAT(memory.collect(__NR_futex, {kBase, FUTEX_WAIT_PRIVATE, 0, kFar, kBad}),
              ElementsAre(in(kBase, 4), in(kFar, 16)));
  EXPECT_THAT(memory.collect(__NR_futex, {kBase, FUTEX_WAKE, 1, kFar}), ElementsAre(out(kBase, 4)));
  // The fourth argument is a number here.
  EXPECT_THAT(memory.collect(__NR_futex, {kBase, FUTEX_CMP_REQUEUE_PRIVATE, 1, 2, kFar}),
              ElementsAre(in(kBase, 4), out(kFar, 4)));
  EXPECT_THAT(memory.collect(__NR_futex, {kBase, FUTEX_LOCK_PI, 0, kFar}),
              ElementsAre(out(kBase, 4), in(kFar, 16)));
  memory.put(kBase + 8, kFar);
  memory.put(kBase + 32, kFarther);
  EXPECT_THAT(memory.collect(__NR_futex_waitv, {kBase, 2, 0, kFarthest}),
              ElementsAre(in(kBase, 48), out(kFar, 4), out(kFarther, 4), in(kFarthest, 16)));
}

TEST_F(Buffers, Ioctl) {
  EXPECT_THAT(memory.collect(__NR_ioctl, {0, TCGETS, kBase}), ElementsAre(out(kBase, 36)));
  EXPECT_THAT(memory.collect(__NR_ioctl, {0, TIOCGWINSZ, kBase}), ElementsAre(out(kBase, 8)));
  EXPECT_THAT(memory.collect(__NR_ioctl, {0, TIOCSPTLCK, kBase}), ElementsAre(in(kBase, 4)));
  EXPECT_THAT(memory.collect(__NR_ioctl, {0, TIOCGPTN, kBase}), ElementsAre(out(kBase, 4)));
  EXPECT_THAT(memory.collect(__NR_ioctl, {0, 0x8927, kBase}),
              ElementsAre(out(kBase, sizeof(ifreq))));
  ifconf configuration{};
  configuration.ifc_len = 400;
  configuration.ifc_buf = reinterpret_cast<char*>(kFar);
  memory.put(kBase, configuration);
  EXPECT_THAT(memory.collect(__NR_ioctl, {0, 0x8912, kBase}),
              ElementsAre(out(kBase, 16), out(kFar, 400)));
}

TEST_F(Buffers, OperationDecides) {
  EXPECT_THAT(memory.collect(__NR_fcntl, {3, F_SETLK, kBase}), ElementsAre(in(kBase, 32)));
  EXPECT_THAT(memory.collect(__NR_fcntl, {3, F_GETFL, kBase}), IsEmpty());
  memory.put_text(kBase, "name");
  EXPECT_THAT(memory.collect(__NR_prctl, {PR_SET_NAME, kBase}), ElementsAre(in(kBase, 5)));
  EXPECT_THAT(memory.collect(__NR_prctl, {PR_SET_DUMPABLE, kBase}), IsEmpty());
  EXPECT_THAT(memory.collect(__NR_msgrcv, {3, kBase, 100}), ElementsAre(out(kBase, 108)));
  EXPECT_THAT(memory.collect(__NR_clone, {0x01200011, 0, kFar, kBase}), ElementsAre(out(kBase, 4)));
}

TEST_F(Buffers, SizeInTheStructure) {
  memory.put(kBase + 4, std::uint32_t{120});
  EXPECT_THAT(memory.collect(__NR_perf_event_open, {kBase}), ElementsAre(out(kBase, 120)));
  memory.put(kBase, std::uint32_t{20});
  EXPECT_THAT(memory.collect(__NR_open_by_handle_at, {3, kBase}), ElementsAre(in(kBase, 28)));
}

}  // namespace
}  // namespace dime::agent
