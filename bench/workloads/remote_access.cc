// SPDX-License-Identifier: GPL-2.0
// What a program sees of its own page accesses: remote_access THREADS PAGES ACCESSES
// [drop|read].
//
// The pattern of ring.h in plain memory. Accesses write, or with "read" they do not. With "drop" a
// thread gives all of its pages back before each round, so that every "again" access is a plain
// anonymous fault.
#include <sys/mman.h>

#include <cstdio>
#include <cstring>

#include "bench/workloads/ring.h"

namespace {

class PlainMemory : public dime::bench::Memory {
 public:
  PlainMemory(std::size_t pages, bool drops) : pages_(pages), drops_(drops) {}

  char* ring(std::size_t) override { return dime::bench::map_pages(pages_); }

  void before_round(char* ring) override {
    if (drops_) {
      madvise(ring, pages_ * dime::bench::kPage, MADV_DONTNEED);
    }
  }

 private:
  std::size_t pages_;
  bool drops_;
};

}  // namespace

int main(int argc, char** argv) {
  const bool drops = argc == 5 && std::strcmp(argv[4], "drop") == 0;
  const bool reads = argc == 5 && std::strcmp(argv[4], "read") == 0;
  if (argc != 4 && !drops && !reads) {
    static_cast<void>(std::fprintf(stderr, "arguments: THREADS PAGES ACCESSES [drop|read]\n"));
    return 2;
  }
  dime::bench::Pattern pattern = dime::bench::pattern_of(argv + 1);
  pattern.reads = reads;
  PlainMemory memory(pattern.pages, drops);
  dime::bench::measure(pattern, memory);
  return 0;
}
