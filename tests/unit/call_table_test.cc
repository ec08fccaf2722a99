// SPDX-License-Identifier: GPL-2.0
// No system call is missing in the table, kinds are right, and sizes are those of the system's
// headers.
#include "engines/user/agent/inline/call_table.h"

#include <gtest/gtest.h>
#include <linux/futex.h>
#include <mqueue.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysinfo.h>
#include <sys/times.h>
#include <sys/timex.h>
#include <sys/uio.h>

#include <cctype>
#include <fstream>
#include <set>
#include <sstream>

#include "engines/user/agent/inline/call_numbers.h"

namespace dime::agent {
namespace {

CallClass class_of(long number, std::vector<long> words = {}) {
  words.resize(6);
  const long arguments[6] = {words[0], words[1], words[2], words[3], words[4], words[5]};
  return classify(number, arguments);
}

// The numbers of the system's header, whatever its age.
std::set<long> numbers_of_the_header() {
  std::set<long> numbers;
  for (const char* const path :
       {"/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "/usr/include/asm/unistd_64.h"}) {
    std::ifstream header(path);
    for (std::string line; std::getline(header, line);) {
      std::istringstream words(line);
      std::string define;
      std::string name;
      long number = -1;
      if (words >> define >> name >> number && name.rfind("__NR_", 0) == 0) {
        numbers.insert(number);
      }
    }
  }
  return numbers;
}

TEST(CallTable, HasEveryCall) {
  std::set<long> numbers = numbers_of_the_header();
  if (numbers.empty()) {
    GTEST_SKIP() << "no header unistd_64.h";
  }
  for (long number = 451; number < kCalls; ++number) {
    numbers.insert(number);
  }
  for (long number = 0; number < kCalls; ++number) {
    const bool exists = numbers.contains(number);
    EXPECT_EQ(call_of(number).kind != CallKind::kUnknown, exists) << number;
  }
}

TEST(CallTable, NumbersOutsideAreUnknown) {
  for (const long number : {-1L, kCalls, 1L << 32U, 0x40000000L}) {
    EXPECT_EQ(class_of(number).kind, CallKind::kUnknown) << number;
  }
}

TEST(CallTable, Kinds) {
  EXPECT_EQ(class_of(__NR_getpid).kind, CallKind::kPlain);
  EXPECT_EQ(class_of(__NR_read).kind, CallKind::kBuffers);
  EXPECT_EQ(class_of(__NR_futex).kind, CallKind::kFutex);
  EXPECT_EQ(class_of(__NR_execveat).kind, CallKind::kExec);
  EXPECT_EQ(class_of(__NR_mremap).kind, CallKind::kMemoryMap);
  EXPECT_EQ(class_of(__NR_ppoll).kind, CallKind::kSignal);
  EXPECT_EQ(class_of(__NR_clone3).kind, CallKind::kProcess);
  EXPECT_EQ(class_of(__NR_io_uring_setup).kind, CallKind::kAsynchronous);
  EXPECT_EQ(class_of(__NR_prctl, {15}).kind, CallKind::kBuffers);
  EXPECT_EQ(class_of(__NR_prctl, {22}).kind, CallKind::kProcess);
  EXPECT_EQ(class_of(__NR_arch_prctl, {0x1002}).kind, CallKind::kProcess);
}

TEST(CallTable, WaitingDependsOnArguments) {
  EXPECT_TRUE(class_of(__NR_read).waits);
  EXPECT_FALSE(class_of(__NR_stat).waits);
  EXPECT_TRUE(class_of(__NR_poll, {0, 0, -1}).waits);
  EXPECT_FALSE(class_of(__NR_poll, {0, 0, 0}).waits);
  EXPECT_FALSE(class_of(__NR_epoll_wait, {0, 0, 0, 0}).waits);
  EXPECT_TRUE(class_of(__NR_futex, {0, FUTEX_WAIT_PRIVATE}).waits);
  EXPECT_FALSE(class_of(__NR_futex, {0, FUTEX_WAKE_PRIVATE}).waits);
  EXPECT_FALSE(class_of(__NR_recvfrom, {0, 0, 0, MSG_DONTWAIT}).waits);
  EXPECT_FALSE(class_of(__NR_wait4, {0, 0, 1}).waits);
}

TEST(CallTable, ChunkableCallsAreThoseWithOneLargeBuffer) {
  std::set<long> chunkable;
  for (long number = 0; number < kCalls; ++number) {
    if (class_of(number).chunkable) {
      chunkable.insert(number);
      const Transfer transfer = transfer_of(number);
      const Argument& buffer = call_of(number).arguments[transfer.buffer];
      EXPECT_EQ(buffer.shape, Shape::kBytes) << number;
      EXPECT_EQ(buffer.count, transfer.length) << number;
    }
  }
  EXPECT_EQ(chunkable, (std::set<long>{__NR_read, __NR_write, __NR_pread64, __NR_pwrite64,
                                       __NR_sendto, __NR_recvfrom, __NR_getrandom}));
  EXPECT_EQ(transfer_of(__NR_pread64).offset, 3);
  EXPECT_FALSE(class_of(__NR_recvfrom, {0, 0, 0, MSG_PEEK}).chunkable);
}

// A count must name another argument, and an element cannot be empty.
TEST(CallTable, RowsMakeSense) {
  for (long number = 0; number < kCalls; ++number) {
    for (int index = 0; index < 6; ++index) {
      const Argument& argument = call_of(number).arguments[index];
      EXPECT_TRUE(argument.count < 6 && argument.count != index) << number;
      const bool needs_bytes = argument.shape == Shape::kBytes ||
                               argument.shape == Shape::kString ||
                               argument.shape == Shape::kCounted;
      EXPECT_TRUE(!needs_bytes || argument.bytes > 0) << number;
    }
  }
}

TEST(CallTable, SizesAreThoseOfTheHeaders) {
  const auto bytes = [](long number, int index) { return call_of(number).arguments[index].bytes; };
  EXPECT_EQ(bytes(__NR_stat, 1), sizeof(struct stat));
  EXPECT_EQ(bytes(__NR_newfstatat, 2), sizeof(struct stat));
  EXPECT_EQ(bytes(__NR_statx, 4), sizeof(struct statx));
  EXPECT_EQ(bytes(__NR_statfs, 1), sizeof(struct statfs));
  EXPECT_EQ(bytes(__NR_poll, 0), sizeof(pollfd));
  EXPECT_EQ(bytes(__NR_epoll_wait, 1), sizeof(epoll_event));
  EXPECT_EQ(bytes(__NR_epoll_ctl, 3), sizeof(epoll_event));
  EXPECT_EQ(bytes(__NR_nanosleep, 0), sizeof(timespec));
  EXPECT_EQ(bytes(__NR_gettimeofday, 0), sizeof(timeval));
  EXPECT_EQ(bytes(__NR_setitimer, 1), sizeof(itimerval));
  EXPECT_EQ(bytes(__NR_timer_settime, 2), sizeof(itimerspec));
  EXPECT_EQ(bytes(__NR_timer_create, 1), sizeof(sigevent));
  EXPECT_EQ(bytes(__NR_rt_sigtimedwait, 1), sizeof(siginfo_t));
  EXPECT_EQ(bytes(__NR_sigaltstack, 0), sizeof(stack_t));
  EXPECT_EQ(bytes(__NR_getrlimit, 1), sizeof(rlimit));
  EXPECT_EQ(bytes(__NR_getrusage, 1), sizeof(rusage));
  EXPECT_EQ(bytes(__NR_wait4, 3), sizeof(rusage));
  EXPECT_EQ(bytes(__NR_sysinfo, 0), sizeof(struct sysinfo));
  EXPECT_EQ(bytes(__NR_times, 0), sizeof(tms));
  EXPECT_EQ(bytes(__NR_adjtimex, 0), sizeof(timex));
  EXPECT_EQ(bytes(__NR_mq_open, 3), sizeof(mq_attr));
  EXPECT_EQ(bytes(__NR_set_robust_list, 0), sizeof(robust_list_head));
  EXPECT_EQ(bytes(__NR_process_vm_readv, 3), sizeof(iovec));
  EXPECT_EQ(bytes(__NR_accept, 1), sizeof(sockaddr_storage));
  EXPECT_EQ(bytes(__NR_utimensat, 2), 2 * sizeof(timespec));
}

}  // namespace
}  // namespace dime::agent
