// SPDX-License-Identifier: GPL-2.0
// CLOCK: first in, first out with reinsertion (Corbató, "A paging experiment with the Multics
// system", 1968).
//
// The oldest page goes unless it was accessed since it was last looked at; then it becomes the
// youngest, and the next one is looked at. `bits` counts how many such turns accesses can buy: a
// look at an accessed page raises its count, at another one lowers it. Where accesses are told,
// each raises the count.
//
// A page of which the engine can tell nothing counts as not accessed. One scan is bounded by one
// look at each page for each value of the count, and by kLongestScan beyond which the oldest goes.
#include "policies/page_list.h"
#include "policies/registry.h"

namespace dime::policies {
namespace {

constexpr std::uint64_t kLongestScan = 4'096;

struct Clock {
  PageList pages;
  std::uint64_t most;  // of a page's count, which is its word
  LatestArrival latest;
};

Clock& of(void* state) {
  return *static_cast<Clock*>(state);
}

int init(const dime_policy_ops* /*self*/, void* state, const dime_policy_host* host) {
  of(state) = {{}, (std::uint64_t{1} << host->parameters[0]) - 1, {}};
  return 0;
}

int add_page(void* state, const dime_policy_host* host, std::uint32_t page) {
  record(host, page).word = 0;
  of(state).pages.append(host, page);
  of(state).latest.note(host, page);
  return 0;
}

void remove_page(void* state, const dime_policy_host* host, std::uint32_t page) {
  of(state).pages.remove(host, page);
  of(state).latest.left(page);
}

void touched(void* state, const dime_policy_host* host, std::uint32_t page) {
  std::uint64_t& count = record(host, page).word;
  count += count < of(state).most ? 1 : 0;
}

std::uint32_t victim(void* state, const dime_policy_host* host) {
  Clock& clock = of(state);
  // Where accesses are told, the scan ends by itself, and is amortised.
  const bool told = sees_accesses(host);
  const std::uint64_t longest = told ? UINT64_MAX : kLongestScan;
  for (std::uint64_t looks = 0; looks < longest && !clock.pages.empty(); ++looks) {
    const std::uint32_t page = clock.pages.oldest;
    std::uint64_t& count = record(host, page).word;
    if (!told && accessed(host, page) == DIME_ACCESSED_YES) {
      count += count < clock.most ? 1 : 0;
    }
    if (count == 0) {
      return page;
    }
    --count;
    clock.pages.make_youngest(host, page);
  }
  return clock.pages.oldest;
}

void defer(void* state, const dime_policy_host* host, std::uint32_t page) {
  of(state).pages.make_youngest(host, page);
}

void clean(void* /*state*/, const dime_policy_host* /*host*/) {}

constexpr dime_policy_parameter kParameters[] = {
    {"bits", "of a page's count of accesses", 1, 1, 8, DIME_UNIT_NUMBER},
};

}  // namespace

extern constexpr dime_policy_ops kClock = {
    .name = "clock",
    .summary = "first in, first out, but an accessed page goes round once more",
    .source = "Corbato, 1968",
    .abi = DIME_POLICY_ABI,
    .needs = DIME_SEES_ACCESSED,
    .state_bytes = sizeof(Clock),
    .parameter_count = 1,
    .parameters = kParameters,
    .init = init,
    .add_page = add_page,
    .remove_page = remove_page,
    .victim = victim,
    .defer = defer,
    .touched = touched,
    .clean = clean,
};

}  // namespace dime::policies
