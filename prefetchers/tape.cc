// SPDX-License-Identifier: GPL-2.0
// The order in which an earlier run fetched its pages, replayed: what prefetching can do at best
// (3PO, Branner-Augmon et al., 2022; snapshot restore of virtual machines does the same).
//
// The place on the tape follows the accesses: the page that was touched is looked for ahead of it,
// and what lies behind that is fetched. An access that is not found leaves the place where it is.
#include "prefetchers/registry.h"

namespace dime::prefetchers {
namespace {

constexpr std::uint64_t kAhead = 4'096;

struct Tape {
  std::uint64_t pages;
  std::uint64_t next;  // the place: what was touched last lies before it
};

int init(const dime_prefetch_ops* /*self*/, void* state, const dime_prefetch_host* host) {
  *static_cast<Tape*>(state) = {host->parameters[0], 0};
  return 0;
}

void follow(Tape& tape, const dime_prefetch_host* host, std::uint64_t page) {
  for (std::uint64_t i = 0; i < kAhead && tape.next + i < host->tape_pages; ++i) {
    if (host->tape[tape.next + i] == page) {
      tape.next += i + 1;
      return;
    }
  }
}

std::uint32_t propose(void* state, const dime_prefetch_host* host, const dime_prefetch_event* event,
                      std::uint64_t* pages, std::uint32_t most) {
  auto& tape = *static_cast<Tape*>(state);
  follow(tape, host, event->page);
  std::uint32_t count = 0;
  while (count < tape.pages && count < most && tape.next + count < host->tape_pages) {
    pages[count] = host->tape[tape.next + count];
    ++count;
  }
  return count;
}

constexpr dime_policy_parameter kParameters[] = {
    {"pages", "how far ahead", 16, 1, DIME_PREFETCH_MOST, DIME_UNIT_NUMBER},
};

}  // namespace

extern constexpr dime_prefetch_ops kTape = {
    .name = "tape",
    .summary = "the order in which an earlier run fetched its pages: tape:TRACE",
    .source = "Branner-Augmon et al., 2022 (3PO)",
    .abi = DIME_PREFETCH_ABI,
    .flags = DIME_PREFETCH_TAPE,
    .state_bytes = sizeof(Tape),
    .parameter_count = 1,
    .parameters = kParameters,
    .init = init,
    .propose = propose,
};

}  // namespace dime::prefetchers
