// SPDX-License-Identifier: GPL-2.0
// What userfaultfd costs without an emulator around it: bare_handler THREADS PAGES ACCESSES LOCAL.
//
// The pattern of workloads/ring.h under the plainest far memory there can be: one thread reads the
// faults one after the other and resolves each; when LOCAL pages are there, the oldest is moved out
// before (FIFO). No link, no counters, no events, no children. Ends with status 77 and the reason
// where the kernel refuses userfaultfd or has no UFFDIO_MOVE (before 6.8).
#include <cstdint>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "bench/micro/bare_userfault.h"

namespace {

using dime::bench::address_of;
using dime::bench::kPage;
using dime::bench::Userfault;

// The rings lie one behind the other. A page that is out lies in the shadow, at its own offset; the
// shadow has a userfaultfd too, because UFFDIO_MOVE asks for one at its destination. The page
// behind the last ring is touched at the end: it tells the handler thread to return.
class HandledMemory : public dime::bench::Memory {
 public:
  HandledMemory(const dime::bench::Pattern& pattern, std::size_t local)
      : ring_pages_(pattern.pages),
        total_(pattern.threads * pattern.pages),
        rings_(dime::bench::map_pages(total_ + 1)),
        shadow_(dime::bench::map_pages(total_)),
        is_out_(total_),
        fifo_(local),
        to_rings_(rings_, total_ + 1, Userfault::Faults::kMessages),
        to_shadow_(shadow_, total_, Userfault::Faults::kMessages),
        handler_([this] { handle(); }) {}

  ~HandledMemory() override {
    *static_cast<volatile char*>(rings_ + total_ * kPage) = 1;
    handler_.join();
  }

  char* ring(std::size_t thread) override { return rings_ + thread * ring_pages_ * kPage; }
  void before_round(char*) override {}

 private:
  void handle() {
    while (true) {
      const std::size_t page = (to_rings_.next_fault() - address_of(rings_)) / kPage;
      if (page == total_) {
        to_rings_.zero(rings_ + page * kPage);
        return;
      }
      resolve(page);
    }
  }

  void resolve(std::size_t page) {
    std::size_t& slot = fifo_[arrivals_ % fifo_.size()];
    if (arrivals_ >= fifo_.size()) {
      to_shadow_.move(shadow_ + slot * kPage, rings_ + slot * kPage);
      is_out_[slot] = true;
    }
    slot = page;
    ++arrivals_;
    if (is_out_[page]) {
      is_out_[page] = false;
      to_rings_.move(rings_ + page * kPage, shadow_ + page * kPage);
    } else {
      to_rings_.zero(rings_ + page * kPage);
    }
  }

  std::size_t ring_pages_;
  std::size_t total_;
  char* rings_;
  char* shadow_;
  std::vector<bool> is_out_;
  std::vector<std::size_t> fifo_;
  std::size_t arrivals_ = 0;
  Userfault to_rings_;
  Userfault to_shadow_;
  std::thread handler_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5 || std::stoul(argv[4]) == 0) {
    static_cast<void>(std::fprintf(stderr, "arguments: THREADS PAGES ACCESSES LOCAL\n"));
    return 2;
  }
  const dime::bench::Pattern pattern = dime::bench::pattern_of(argv + 1);
  HandledMemory memory(pattern, std::stoul(argv[4]));
  dime::bench::measure(pattern, memory);
  return 0;
}
