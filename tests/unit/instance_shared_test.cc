// SPDX-License-Identifier: GPL-2.0
// One limit for several members at once: real threads and real processes, each with its own
// Instance, on one set of levels.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <new>
#include <thread>
#include <vector>

#include "tests/unit/model.h"

namespace dime::test {
namespace {

constexpr unsigned kMembers = 4;
constexpr std::uint64_t kLimit = 64;
constexpr unsigned kTouches = 30'000;

/// Touches pages at random and keeps `open`, the count of all members' open pages, as a witness
/// that does not come from the code under test. Returns the most that it ever saw.
std::uint64_t work(Block& block, unsigned member, std::atomic<std::uint64_t>& open) {
  Engine engine(block, member % 2 == 0 ? policies::kFifo : policies::kRandom, member);
  std::uint64_t seen = 0;
  engine.verdict = [&](PageId) {
    --open;
    return Closed::kDirty;
  };
  std::uint64_t random = member + 1;
  for (unsigned i = 0; i < kTouches; ++i) {
    random = random * 6364136223846793005u + 1442695040888963407u;
    if (engine.touch((random >> 33) % 400) != FaultKind::kPresent) {
      const std::uint64_t now_open = ++open;
      seen = now_open > seen ? now_open : seen;
    }
  }
  open -= engine.open_pages();
  return seen;
}

TEST(SharedLimit, HoldsForThreads) {
  Block block(kLimit);
  std::atomic<std::uint64_t> open{0};
  std::vector<std::uint64_t> most(kMembers);
  std::vector<std::thread> threads;
  for (unsigned member = 0; member < kMembers; ++member) {
    threads.emplace_back([&, member] { most[member] = work(block, member, open); });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  for (const std::uint64_t seen : most) {
    EXPECT_LE(seen, kLimit);
  }
  EXPECT_LE(block.levels.local_peak, kLimit);
  EXPECT_GE(block.levels.local_peak, kLimit - kMembers);
  EXPECT_EQ(block.levels.local_pages, 0u);
  EXPECT_EQ(block.levels.managed_pages, 0u);
  const dime_counters& counters = block.counters;
  EXPECT_EQ(counters.page_fault_count, counters.faults_first_touch + counters.faults_remote);
}

TEST(SharedLimit, HoldsForProcesses) {
  struct Shared {
    Block block{kLimit};
    std::atomic<std::uint64_t> open{0};
  };
  void* const memory =
      ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(memory, MAP_FAILED);
  auto* const shared = new (memory) Shared;
  pid_t children[kMembers];
  for (unsigned member = 0; member < kMembers; ++member) {
    children[member] = ::fork();
    ASSERT_GE(children[member], 0);
    if (children[member] == 0) {
      ::_exit(work(shared->block, member, shared->open) <= kLimit ? 0 : 1);
    }
  }
  for (const pid_t child : children) {
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  }
  EXPECT_LE(shared->block.levels.local_peak, kLimit);
  EXPECT_EQ(shared->block.levels.local_pages, 0u);
  EXPECT_EQ(shared->open.load(), 0u);
  ::munmap(memory, sizeof(Shared));
}

TEST(SharedLimit, HoldsWhileItIsChanged) {
  Block block(kLimit);
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (unsigned member = 0; member < 2; ++member) {
    threads.emplace_back([&, member] {
      Engine engine(block, policies::kFifo, member);
      for (std::uint64_t page = 0; !stop.load(); page = (page + 1) % 300) {
        engine.touch(page);
        engine.instance().trim(engine.now, 16, engine.closer());
      }
      engine.instance().trim(engine.now, UINT64_MAX, engine.closer());
    });
  }
  for (unsigned i = 0; i < 200; ++i) {
    atomic::store(block.parameters.local_npages, i % 2 == 0 ? kLimit / 4 : kLimit);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  stop = true;
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_LE(block.levels.local_peak, kLimit);
  EXPECT_EQ(block.levels.local_pages, 0u);
}

}  // namespace
}  // namespace dime::test
