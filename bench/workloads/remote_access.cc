// SPDX-License-Identifier: GPL-2.0
// What a program sees of its own page accesses: remote_access THREADS PAGES ACCESSES.
//
// Every thread has a ring of PAGES pages, touches all of them once ("first"), then goes round the
// ring and times each access
// ("again"), and touches each page a second time at once ("repeat"). Under FIFO with fewer local
// pages than one ring every "again" access is a remote one, and a "repeat" never is. Prints one
// JSON line with p50, mean and p99 in nanoseconds, the wall time of the timed part, and the pages
// per second of all threads together.
//
// The clock is read right before and after the access; the sample is stored after, so that a fault
// on the sample's own page falls outside. Rings are coloured by 4 KiB steps only: the cost of a
// cache miss (100 ns) is part of what is measured.
#include <sys/mman.h>

#include <algorithm>
#include <barrier>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using Samples = std::vector<std::uint32_t>;

constexpr std::size_t kPage = 4096;

struct Work {
  std::size_t pages;
  std::size_t accesses;
  Samples first;
  Samples again;
  Samples repeat;
};

std::uint32_t timed_access(volatile char* address) {
  const auto start = Clock::now();
  *address = static_cast<char>(*address + 1);
  const auto nanos =
      std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start).count();
  return static_cast<std::uint32_t>(std::min<std::int64_t>(nanos, UINT32_MAX));
}

// The vectors have their memory before: growing them would touch pages between the accesses.
void run(Work& work, std::barrier<>& all_ready) {
  void* memory =
      mmap(nullptr, work.pages * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    std::perror("mmap");
    std::_Exit(1);
  }
  madvise(memory, work.pages * kPage, MADV_NOHUGEPAGE);
  auto* ring = static_cast<volatile char*>(memory);
  for (std::size_t i = 0; i < work.pages; ++i) {
    work.first[i] = timed_access(ring + i * kPage);
  }
  all_ready.arrive_and_wait();
  for (std::size_t i = 0; i < work.accesses; ++i) {
    volatile char* address = ring + i % work.pages * kPage;
    work.again[i] = timed_access(address);
    work.repeat[i] = timed_access(address);
  }
  all_ready.arrive_and_wait();
}

void print(const char* name, std::vector<Work>& works, Samples Work::*which) {
  Samples all;
  for (Work& work : works) {
    all.insert(all.end(), (work.*which).begin(), (work.*which).end());
  }
  std::sort(all.begin(), all.end());
  const double mean =
      std::accumulate(all.begin(), all.end(), 0.0) / static_cast<double>(all.size());
  std::printf("\"%s\": {\"p50\": %u, \"mean\": %.0f, \"p99\": %u, \"max\": %u}, ", name,
              all[all.size() / 2], mean, all[all.size() * 99 / 100], all.back());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "arguments: THREADS PAGES ACCESSES\n");
    return 2;
  }
  const std::size_t threads = std::stoul(argv[1]);
  const std::size_t pages = std::stoul(argv[2]);
  const std::size_t accesses = std::stoul(argv[3]);
  std::vector<Work> works(
      threads, Work{pages, accesses, Samples(pages), Samples(accesses), Samples(accesses)});
  std::barrier<> all_ready(static_cast<std::ptrdiff_t>(threads) + 1);
  std::vector<std::thread> running;
  for (Work& work : works) {
    running.emplace_back([&work, &all_ready] { run(work, all_ready); });
  }
  all_ready.arrive_and_wait();
  const auto start = Clock::now();
  all_ready.arrive_and_wait();
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  for (std::thread& thread : running) {
    thread.join();
  }
  std::printf("{\"threads\": %zu, \"pages\": %zu, \"accesses\": %zu, ", threads, pages,
              threads * accesses);
  print("first", works, &Work::first);
  print("again", works, &Work::again);
  print("repeat", works, &Work::repeat);
  std::printf("\"seconds\": %.6f, \"pages_per_second\": %.0f}\n", seconds,
              static_cast<double>(threads * accesses) / seconds);
  return 0;
}
