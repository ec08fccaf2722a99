// SPDX-License-Identifier: GPL-2.0
// three_tiers ROUNDS: touches three kinds of memory in turn, and says how long a touch of each
// takes.
//
// For each character on standard input: ROUNDS rounds over 300 pages of the heap, 200 of a mapping
// that is called "table", and 300 of one without a name, and a line with the median touch of each
// in nanoseconds. Every page has its number in it; a wrong one ends the program with status 1.
#include <malloc.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kMost = 400'000;

struct Area {
  volatile std::uint64_t* pages;
  std::size_t count;
  std::uint32_t* times;
  std::size_t samples = 0;

  [[nodiscard]] volatile std::uint64_t& word(std::size_t page) const {
    return pages[page * kPage / sizeof *pages];
  }
};

std::uint64_t now() {
  return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
}

void* mapped(std::size_t pages, const char* name) {
  void* const memory =
      ::mmap(nullptr, pages * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  // Kernels may keep no names (CONFIG_ANON_VMA_NAME); dime is told all the same.
  const bool refused = memory == MAP_FAILED || (name != nullptr &&
                                                ::prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, memory,
                                                        pages * kPage, name) != 0 &&
                                                errno != EINVAL);
  if (refused) {
    std::perror("three_tiers");
    std::exit(2);  // NOLINT(concurrency-mt-unsafe)
  }
  return memory;
}

Area area(void* memory, std::size_t pages) {
  auto* const times = static_cast<std::uint32_t*>(mapped(kMost / 1024, nullptr));
  Area made{static_cast<volatile std::uint64_t*>(memory), pages, times};
  for (std::size_t page = 0; page < pages; ++page) {
    made.word(page) = page;
  }
  return made;
}

void visit(Area& area) {
  for (std::size_t page = 0; page < area.count; ++page) {
    const std::uint64_t begin = now();
    const std::uint64_t seen = area.word(page);
    area.times[area.samples++ % kMost] = static_cast<std::uint32_t>(now() - begin);
    if (seen != page) {
      std::exit(1);  // NOLINT(concurrency-mt-unsafe)
    }
  }
}

std::uint32_t median(Area& area) {
  std::uint32_t* const end = area.times + std::min(area.samples, kMost);
  std::nth_element(area.times, area.times + (end - area.times) / 2, end);
  area.samples = 0;
  return area.times[(end - area.times) / 2];
}

}  // namespace

int main(int /*count*/, char** words) {
  const int rounds = std::atoi(words[1]);  // NOLINT(cert-err34-c)
  ::mallopt(M_MMAP_THRESHOLD, 1 << 30);
  Area heap = area(::memalign(kPage, 300 * kPage), 300);
  Area table = area(mapped(200, "table"), 200);
  Area other = area(mapped(300, nullptr), 300);
  for (char command = 0; ::read(STDIN_FILENO, &command, 1) == 1;) {
    for (int round = 0; round < rounds; ++round) {
      visit(heap);
      visit(table);
      visit(other);
    }
    ::dprintf(STDOUT_FILENO, "{\"heap\": %u, \"table\": %u, \"other\": %u}\n", median(heap),
              median(table), median(other));
  }
  return 0;
}
