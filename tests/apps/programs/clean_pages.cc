// SPDX-License-Identifier: GPL-2.0
// clean_pages PAGES WRITTEN: passes over a mapping called "table" that write all of it, none,
// WRITTEN pages of it, none, and all of it again with what is there; then two passes that read a
// mapping called "zeros", which nobody writes.
//
// Every pass goes through the pages in their order, so that with FIFO and fewer local pages each
// touch is an access to a remote page. A page with a wrong value ends the program with status 1.
#include <sys/mman.h>
#include <sys/prctl.h>

#include <cstdlib>
#include <string>

#include "pages.h"

namespace {

volatile std::uint64_t* mapped(std::size_t pages, const char* name) {
  void* const memory =
      ::mmap(nullptr, pages * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  expect(memory != MAP_FAILED, "a mapping");
  // Kernels may keep no names (CONFIG_ANON_VMA_NAME); dime is told all the same.
  static_cast<void>(::prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, memory, pages * kPage, name));
  return static_cast<volatile std::uint64_t*>(memory);
}

}  // namespace

int main(int argc, char** argv) {
  expect(argc == 3, "arguments: PAGES WRITTEN");
  const std::size_t pages = std::stoul(argv[1]);
  const std::size_t step = pages / std::stoul(argv[2]);
  volatile std::uint64_t* const table = mapped(pages, "table");
  // The word that changes lies elsewhere in each page.
  const auto word = [table](std::size_t page) -> volatile std::uint64_t& {
    return table[page * kWords + page % kWords];
  };
  for (std::size_t page = 0; page < pages; ++page) {
    word(page) = page + 1;
  }
  for (std::size_t page = 0; page < pages; ++page) {
    expect(word(page) == page + 1, "what was written");
  }
  for (std::size_t page = 0; page < pages; ++page) {
    if (page % step == 0) {
      word(page) = ~page;
    } else {
      expect(word(page) == page + 1, "what was not written");
    }
  }
  const auto wanted = [step](std::size_t page) { return page % step == 0 ? ~page : page + 1; };
  for (std::size_t page = 0; page < pages; ++page) {
    expect(word(page) == wanted(page), "what was written then");
  }
  for (std::size_t page = 0; page < pages; ++page) {
    word(page) = wanted(page);
  }
  volatile const std::uint64_t* const zeros = mapped(pages, "zeros");
  for (std::size_t page = 0; page < 2 * pages; ++page) {
    expect(zeros[page % pages * kWords] == 0, "zero");
  }
  return 0;
}
