// SPDX-License-Identifier: GPL-2.0
// call_pages PAGES CALLS FILE: fills PAGES pages of a mapping called "buffer", and writes them to
// FILE, all in one call, CALLS times; then touches each once.
//
// With fewer local pages than PAGES, all fetches but those of the last touches are for system
// calls.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <string>

#include "pages.h"

int main(int argc, char** argv) {
  expect(argc == 4, "arguments: PAGES CALLS FILE");
  const std::size_t pages = std::stoul(argv[1]);
  auto* const buffer = static_cast<char*>(
      ::mmap(nullptr, pages * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  expect(buffer != MAP_FAILED, "a mapping");
  // Kernels may keep no names (CONFIG_ANON_VMA_NAME); dime is told all the same.
  static_cast<void>(::prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, buffer, pages * kPage, "buffer"));
  for (std::size_t page = 0; page < pages; ++page) {
    fill_page(buffer + page * kPage, page, 1);
  }
  const int sink = ::open(argv[3], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  for (std::size_t call = 0; call < std::stoul(argv[2]); ++call) {
    const auto bytes = static_cast<ssize_t>(pages * kPage);
    expect(::write(sink, buffer, pages * kPage) == bytes, "a whole write");
  }
  for (std::size_t page = 0; page < pages; ++page) {
    expect(page_is(buffer + page * kPage, page, 1), "page", page);
  }
  return 0;
}
