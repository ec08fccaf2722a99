// SPDX-License-Identifier: GPL-2.0
// Threads rewrite and verify every page of their own and of a common region: verify_pages THREADS
// PAGES ROUNDS.
//
// Own pages are checked whole before each rewrite. In the common region every page has a counter
// for each thread; its neighbours on the page belong to other threads, so lost updates of a page
// that moves while it is written show. Before they check their own pages for the last time, all
// wait for one another, so that there is a moment at which the pages of all exist.
#include <atomic>
#include <cstdint>
#include <functional>
#include <latch>
#include <string>
#include <thread>
#include <vector>

#include "pages.h"

namespace {

void work(unsigned thread, std::size_t pages, std::size_t rounds, char* common,
          std::size_t common_pages, std::latch& written) {
  char* own = map_pages(pages);
  std::vector<std::uint64_t> version(pages, 0);
  std::uint64_t random = thread + 1;
  for (std::size_t step = 0; step < pages * rounds; ++step) {
    random = mix(random + step);
    const std::size_t index = random % pages;
    char* page = own + index * kPage;
    expect(version[index] == 0 ? page_is_zero(page) : page_is(page, index, version[index]),
           "own page", index);
    fill_page(page, index, ++version[index]);
    auto* counters =
        reinterpret_cast<std::uint64_t*>(common + (random >> 20U) % common_pages * kPage);
    std::atomic_ref(counters[thread]).fetch_add(1);
    std::atomic_ref(counters[kWords - 1]).fetch_add(1);
  }
  written.arrive_and_wait();
  for (std::size_t index = 0; index < pages; ++index) {
    char* page = own + index * kPage;
    expect(version[index] == 0 ? page_is_zero(page) : page_is(page, index, version[index]),
           "own page at the end", index);
  }
  munmap(own, pages * kPage);
}

}  // namespace

int main(int argc, char** argv) {
  expect(argc == 4, "arguments: THREADS PAGES ROUNDS");
  const unsigned threads = static_cast<unsigned>(std::stoul(argv[1]));
  const std::size_t pages = std::stoul(argv[2]);
  const std::size_t rounds = std::stoul(argv[3]);
  const std::size_t common_pages = pages / 2 + 1;
  char* common = map_pages(common_pages);
  std::latch written(threads);
  std::vector<std::thread> running;
  for (unsigned thread = 0; thread < threads; ++thread) {
    running.emplace_back(work, thread, pages, rounds, common, common_pages, std::ref(written));
  }
  for (std::thread& thread : running) {
    thread.join();
  }
  std::uint64_t by_thread = 0;
  std::uint64_t together = 0;
  for (std::size_t page = 0; page < common_pages; ++page) {
    const auto* counters = reinterpret_cast<const std::uint64_t*>(common + page * kPage);
    for (unsigned thread = 0; thread < threads; ++thread) {
      by_thread += counters[thread];
    }
    together += counters[kWords - 1];
  }
  expect(by_thread == threads * pages * rounds && together == by_thread, "common counters",
         by_thread);
  std::printf("%u threads, %llu updates\n", threads, static_cast<unsigned long long>(together));
  return 0;
}
