// SPDX-License-Identifier: GPL-2.0
// Goes round a ring of pages: alternate RING ROUNDS. With fewer local pages than RING, FIFO makes
// every access a remote one.
#include <string>

#include "pages.h"

int main(int argc, char** argv) {
  expect(argc == 3, "arguments: RING ROUNDS");
  const std::size_t ring = std::stoul(argv[1]);
  const std::size_t rounds = std::stoul(argv[2]);
  volatile char* region = map_pages(ring);
  for (std::size_t round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < ring; ++i) {
      expect(region[i * kPage] == static_cast<char>(round), "page", i);
      region[i * kPage] = static_cast<char>(round + 1);
    }
  }
  std::printf("%zu accesses\n", ring * rounds);
  return 0;
}
