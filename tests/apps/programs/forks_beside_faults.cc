// SPDX-License-Identifier: GPL-2.0
// A process forks while its other threads fault, and map, move and unmap memory where another
// thread's was a moment before: forks_beside_faults FORKS. Children and threads find every page as
// it was written.
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "pages.h"

namespace {

constexpr std::size_t kPages = 64;
constexpr std::size_t kOwnPages = 16;
constexpr unsigned kThreads = 4;
constexpr std::uint64_t kVersion = 3;

std::atomic<bool> done{false};
std::atomic<unsigned> wrong{0};

std::size_t wrong_pages(const char* region, std::size_t pages, std::uint64_t version) {
  std::size_t found = 0;
  for (std::size_t i = 0; i < pages; ++i) {
    found += page_is(region + i * kPage, i, version) ? 0 : 1;
  }
  return found;
}

/// Memory that is mapped anew has only zeros, what was written to it moves with it.
void change_mappings(std::uint64_t round) {
  char* own = map_pages(kOwnPages);
  for (std::size_t i = 0; i < kOwnPages; ++i) {
    wrong += page_is_zero(own + i * kPage) ? 0 : 1;
    fill_page(own + i * kPage, i, round);
  }
  std::size_t pages = kOwnPages;
  if (round % 2 != 0) {
    void* const moved = mremap(own, kOwnPages * kPage, 2 * kOwnPages * kPage, MREMAP_MAYMOVE);
    expect(moved != MAP_FAILED, "mremap");
    own = static_cast<char*>(moved);
    pages *= 2;
  }
  wrong += static_cast<unsigned>(wrong_pages(own, kOwnPages, round));
  expect(munmap(own, pages * kPage) == 0, "munmap");
}

void work(const char* region) {
  for (std::uint64_t round = 0; !done; ++round) {
    wrong += static_cast<unsigned>(wrong_pages(region, kPages, kVersion));
    change_mappings(round);
  }
}

}  // namespace

int main(int argc, char** argv) {
  expect(argc == 2, "arguments: FORKS");
  char* const region = map_pages(kPages);
  for (std::size_t i = 0; i < kPages; ++i) {
    fill_page(region + i * kPage, i, kVersion);
  }
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < kThreads; ++i) {
    threads.emplace_back(work, region);
  }
  unsigned wrong_children = 0;
  for (int i = std::stoi(argv[1]); i != 0; --i) {
    const pid_t child = fork();
    if (child == 0) {
      _exit(wrong_pages(region, kPages, kVersion) == 0 ? 0 : 1);
    }
    int status = 0;
    expect(child > 0 && waitpid(child, &status, 0) == child, "fork");
    wrong_children += status == 0 ? 0 : 1;
  }
  done = true;
  for (std::thread& thread : threads) {
    thread.join();
  }
  std::printf("%u wrong children, %u wrong pages of threads\n", wrong_children, wrong.load());
  return 0;
}
