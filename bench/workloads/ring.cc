// SPDX-License-Identifier: GPL-2.0
// The clock is read right before and after the access; the sample is stored after, so that a fault
// on the sample's own page falls outside. Rings are coloured by 4 KiB steps only: the cost of a
// cache miss (100 ns) is part of what is measured.
#include "bench/workloads/ring.h"

#include <sys/mman.h>
#include <sys/resource.h>

#include <algorithm>
#include <barrier>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

namespace dime::bench {
namespace {

using Clock = std::chrono::steady_clock;
using Samples = std::vector<std::uint32_t>;

struct Work {
  Samples first;
  Samples again;
  Samples repeat;
};

// One instruction that reads and writes: in untouched memory a load and a store are two faults.
std::uint32_t timed_access(char* address, bool reads = false) {
  const auto start = Clock::now();
  if (reads) {
    asm volatile("testb $1, %0" : : "m"(*address) : "cc", "memory");
  } else {
    asm volatile("incb %0" : "+m"(*address) : : "cc", "memory");
  }
  const auto nanos =
      std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start).count();
  return static_cast<std::uint32_t>(std::min<std::int64_t>(nanos, UINT32_MAX));
}

// The vectors have their memory before: growing them would touch pages between the accesses.
void run(Work& work, char* ring, Memory& memory, bool reads, std::barrier<>& all_ready) {
  const std::size_t pages = work.first.size();
  for (std::size_t i = 0; i < pages; ++i) {
    work.first[i] = timed_access(ring + i * kPage);
  }
  all_ready.arrive_and_wait();
  all_ready.arrive_and_wait();  // between the two the clock starts
  for (std::size_t i = 0; i < work.again.size(); ++i) {
    if (i % pages == 0) {
      memory.before_round(ring);
    }
    char* address = ring + i % pages * kPage;
    work.again[i] = timed_access(address, reads);
    work.repeat[i] = timed_access(address, reads);
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

rusage usage() {
  rusage now{};
  getrusage(RUSAGE_SELF, &now);
  return now;
}

}  // namespace

char* map_pages(std::size_t pages) {
  void* memory =
      mmap(nullptr, pages * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    std::perror("mmap");
    std::_Exit(1);
  }
  madvise(memory, pages * kPage, MADV_NOHUGEPAGE);
  return static_cast<char*>(memory);
}

Pattern pattern_of(char** words) {
  return {std::stoul(words[0]), std::stoul(words[1]), std::stoul(words[2])};
}

void measure(const Pattern& pattern, Memory& memory) {
  std::vector<Work> works(pattern.threads, Work{Samples(pattern.pages), Samples(pattern.accesses),
                                                Samples(pattern.accesses)});
  std::barrier<> all_ready(static_cast<std::ptrdiff_t>(pattern.threads) + 1);
  std::vector<std::thread> running;
  for (std::size_t i = 0; i < pattern.threads; ++i) {
    running.emplace_back(
        [&, i] { run(works[i], memory.ring(i), memory, pattern.reads, all_ready); });
  }
  all_ready.arrive_and_wait();
  const rusage before = usage();
  const auto start = Clock::now();
  all_ready.arrive_and_wait();
  all_ready.arrive_and_wait();
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  const rusage after = usage();
  for (std::thread& thread : running) {
    thread.join();
  }
  const std::size_t total = pattern.threads * pattern.accesses;
  std::printf("{\"threads\": %zu, \"pages\": %zu, \"accesses\": %zu, ", pattern.threads,
              pattern.pages, total);
  print("first", works, &Work::first);
  print("again", works, &Work::again);
  print("repeat", works, &Work::repeat);
  std::printf("\"seconds\": %.6f, \"pages_per_second\": %.0f, ", seconds,
              static_cast<double>(total) / seconds);
  std::printf("\"major_faults\": %ld, \"minor_faults\": %ld}\n", after.ru_majflt - before.ru_majflt,
              after.ru_minflt - before.ru_minflt);
}

}  // namespace dime::bench
