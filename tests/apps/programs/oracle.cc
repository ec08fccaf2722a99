// SPDX-License-Identifier: GPL-2.0
// Touches PAGES pages in order, then the last AGAIN of them once more: oracle PAGES AGAIN. What
// FIFO makes of it is known exactly.
#include <string>

#include "pages.h"

int main(int argc, char** argv) {
  expect(argc == 3, "arguments: PAGES AGAIN");
  const std::size_t pages = std::stoul(argv[1]);
  const std::size_t again = std::stoul(argv[2]);
  volatile char* region = map_pages(pages);
  for (std::size_t i = 0; i < pages; ++i) {
    region[i * kPage] = static_cast<char>(i);
  }
  for (std::size_t i = pages - again; i < pages; ++i) {
    expect(region[i * kPage] == static_cast<char>(i), "page", i);
  }
  std::printf("%zu pages, %zu again\n", pages, again);
  return 0;
}
