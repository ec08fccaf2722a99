// SPDX-License-Identifier: GPL-2.0
// Verifies and rewrites PAGES pages again and again until a file appears: rounds PAGES THREADS
// STOP-FILE PROGRESS-FILE. The number of finished rounds goes to the progress file, as text, for a
// test that changes things meanwhile.
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "pages.h"

namespace {

std::atomic<bool> stop = false;
std::atomic<std::uint64_t> rounds = 0;

void work(std::size_t pages) {
  char* region = map_pages(pages);
  for (std::uint64_t version = 1; !stop.load(); ++version) {
    for (std::size_t i = 0; i < pages; ++i) {
      char* page = region + i * kPage;
      expect(version == 1 ? page_is_zero(page) : page_is(page, i, version - 1), "page", i);
      fill_page(page, i, version);
    }
    rounds.fetch_add(1);
  }
}

}  // namespace

int main(int argc, char** argv) {
  expect(argc == 5, "arguments: PAGES THREADS STOP-FILE PROGRESS-FILE");
  const std::size_t pages = std::stoul(argv[1]);
  std::vector<std::thread> threads;
  for (unsigned long i = std::stoul(argv[2]); i > 0; --i) {
    threads.emplace_back(work, pages);
  }
  // Rewritten in place: truncating waits for the disk where that is busy.
  std::ofstream progress(argv[4]);
  while (access(argv[3], F_OK) != 0) {
    usleep(5000);
    progress.seekp(0);
    progress << rounds.load() << std::endl;
  }
  stop.store(true);
  for (std::thread& thread : threads) {
    thread.join();
  }
  std::puts("all pages right");
  return 0;
}
