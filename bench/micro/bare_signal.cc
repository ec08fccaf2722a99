// SPDX-License-Identifier: GPL-2.0
// The least that a fault costs which is resolved in its own thread: bare_signal PAGES ACCESSES
// LOCAL RUN [read].
//
// The pattern of workloads/ring.h, one thread: a SIGBUS, a move home, and when LOCAL pages are
// there a move out of the RUN oldest before (FIFO). No page records, no clock, no locks, no masks,
// no other threads: what an emulator takes on the inline path is more than this. Ends with status
// 77 and the reason where the kernel refuses userfaultfd or has no UFFDIO_MOVE (before 6.8).
#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "bench/micro/bare_userfault.h"

namespace {

using dime::bench::address_of;
using dime::bench::kPage;
using dime::bench::Userfault;

class SignalledMemory;
SignalledMemory* signalled = nullptr;  // whose faults are signals now

// A page that is out lies in the shadow, at its own offset. The ring is gone round in order, so the
// oldest pages are the next ones in it.
class SignalledMemory : public dime::bench::Memory {
 public:
  SignalledMemory(std::size_t pages, std::size_t local, std::size_t run)
      : pages_(pages),
        room_(local),
        run_(run),
        ring_(dime::bench::map_pages(pages)),
        shadow_(dime::bench::map_pages(pages)),
        is_out_(pages),
        stack_(std::size_t{64} << 10),
        to_ring_(ring_, pages, Userfault::Faults::kSignals),
        to_shadow_(shadow_, pages, Userfault::Faults::kSignals) {
    signalled = this;
  }
  ~SignalledMemory() override { static_cast<void>(std::signal(SIGBUS, SIG_DFL)); }

  char* ring(std::size_t /*thread*/) override {
    stack_t stack{};
    stack.ss_sp = stack_.data();
    stack.ss_size = stack_.size();
    dime::bench::require(sigaltstack(&stack, nullptr) == 0, "sigaltstack");
    struct sigaction action {};
    action.sa_sigaction = [](int /*signal*/, siginfo_t* info, void* /*context*/) {
      signalled->resolve(reinterpret_cast<std::uint64_t>(info->si_addr));
    };
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    dime::bench::require(sigaction(SIGBUS, &action, nullptr) == 0, "sigaction");
    return ring_;
  }
  void before_round(char*) override {}

 private:
  void resolve(std::uint64_t address) {
    const std::size_t page = (address - address_of(ring_)) / kPage;
    if (room_ == 0) {
      const std::size_t count = std::min(run_, pages_ - oldest_);
      to_shadow_.move(shadow_ + oldest_ * kPage, ring_ + oldest_ * kPage, count);
      std::fill_n(is_out_.begin() + static_cast<std::ptrdiff_t>(oldest_), count, true);
      oldest_ = (oldest_ + count) % pages_;
      room_ = count;
    }
    --room_;
    if (is_out_[page]) {
      is_out_[page] = false;
      to_ring_.move(ring_ + page * kPage, shadow_ + page * kPage);
    } else {
      to_ring_.zero(ring_ + page * kPage);
    }
  }

  std::size_t pages_;
  std::size_t room_;  ///< pages that may come without another one going
  std::size_t run_;
  std::size_t oldest_ = 0;
  char* ring_;
  char* shadow_;
  std::vector<bool> is_out_;
  std::vector<char> stack_;
  Userfault to_ring_;
  Userfault to_shadow_;
};

}  // namespace

int main(int argc, char** argv) {
  const bool reads = argc == 6 && std::string(argv[5]) == "read";
  if ((argc != 5 && !reads) || std::stoul(argv[3]) == 0 || std::stoul(argv[4]) == 0) {
    static_cast<void>(std::fprintf(stderr, "arguments: PAGES ACCESSES LOCAL RUN [read]\n"));
    return 2;
  }
  const dime::bench::Pattern pattern{1, std::stoul(argv[1]), std::stoul(argv[2]), reads};
  SignalledMemory memory(pattern.pages, std::stoul(argv[3]), std::stoul(argv[4]));
  dime::bench::measure(pattern, memory);
  return 0;
}
