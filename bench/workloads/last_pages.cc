// SPDX-License-Identifier: GPL-2.0
// last_pages PAGES LAST: touches PAGES pages in sequence, then the LAST of them again. With FIFO
// and L local pages, the second part costs nothing while LAST <= L, and a fault for each page
// beyond: the acceptance test of the original DiME.
#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>

int main(int argc, char** argv) {
  const unsigned long pages = argc == 3 ? std::strtoul(argv[1], nullptr, 10) : 0;
  const unsigned long last = argc == 3 ? std::strtoul(argv[2], nullptr, 10) : 0;
  if (pages == 0 || last > pages) {
    std::fprintf(stderr, "last_pages PAGES LAST; allowed: LAST from 0 to PAGES\n");
    return 2;
  }
  constexpr unsigned long kPage = 4096;
  void* const memory =
      ::mmap(nullptr, pages * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    std::perror("mmap");
    return 1;
  }
  auto* const bytes = static_cast<volatile unsigned char*>(memory);
  for (unsigned long i = 0; i < pages; ++i) {
    bytes[i * kPage] = static_cast<unsigned char>(i);
  }
  unsigned long wrong = 0;
  for (unsigned long i = pages - last; i < pages; ++i) {
    wrong += bytes[i * kPage] != static_cast<unsigned char>(i) ? 1 : 0;
  }
  std::printf("last_pages: %s\n", wrong == 0 ? "right" : "WRONG");
  return wrong == 0 ? 0 : 1;
}
