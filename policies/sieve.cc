// SPDX-License-Identifier: GPL-2.0
// SIEVE (Zhang, Yang, Yue, Vigfusson, Rashmi, NSDI 2024).
//
// One list in the order of arrival, one bit a page that says whether it was visited, and a hand
// that moves from old to young. The page under the hand goes unless it was visited; then its bit is
// cleared, and the hand moves on. Survivors stay where they are, which is what makes it differ from
// CLOCK. At the young end the hand starts over.
//
// A page of which the engine can tell nothing counts as not visited. kLongestScan bounds one scan
// where accesses are not told; beyond it the page under the hand goes.
#include "policies/page_list.h"
#include "policies/registry.h"

namespace dime::policies {
namespace {

constexpr std::uint64_t kLongestScan = 4'096;

struct Sieve {
  PageList pages;
  std::uint32_t hand;  // the page to be looked at next; DIME_NO_PAGE: the oldest
  LatestArrival latest;
};

Sieve& of(void* state) {
  return *static_cast<Sieve*>(state);
}

int init(const dime_policy_ops* /*self*/, void* state, const dime_policy_host* /*host*/) {
  of(state) = {{}, DIME_NO_PAGE, {}};
  return 0;
}

int add_page(void* state, const dime_policy_host* host, std::uint32_t page) {
  record(host, page).word = 0;
  of(state).pages.append(host, page);
  of(state).latest.note(host, page);
  return 0;
}

void remove_page(void* state, const dime_policy_host* host, std::uint32_t page) {
  Sieve& sieve = of(state);
  if (sieve.hand == page) {
    sieve.hand = record(host, page).next;
  }
  sieve.pages.remove(host, page);
  sieve.latest.left(page);
}

void touched(void* /*state*/, const dime_policy_host* host, std::uint32_t page) {
  record(host, page).word = 1;
}

std::uint32_t victim(void* state, const dime_policy_host* host) {
  Sieve& sieve = of(state);
  const bool told = sees_accesses(host);
  std::uint32_t page = sieve.hand == DIME_NO_PAGE ? sieve.pages.oldest : sieve.hand;
  for (std::uint64_t looks = 0; page != DIME_NO_PAGE && (told || looks < kLongestScan); ++looks) {
    std::uint64_t& visited = record(host, page).word;
    if (told ? visited == 0 : accessed(host, page) != DIME_ACCESSED_YES) {
      break;
    }
    visited = 0;
    page = record(host, page).next;
    page = page == DIME_NO_PAGE ? sieve.pages.oldest : page;
  }
  sieve.hand = page;
  return page;
}

void defer(void* state, const dime_policy_host* host, std::uint32_t page) {
  remove_page(state, host, page);
  of(state).pages.append(host, page);
}

void clean(void* /*state*/, const dime_policy_host* /*host*/) {}

}  // namespace

extern constexpr dime_policy_ops kSieve = {
    .name = "sieve",
    .summary = "a hand from old to young passes over visited pages once, which stay in place",
    .source = "Zhang et al., NSDI 2024",
    .abi = DIME_POLICY_ABI,
    .needs = DIME_SEES_ACCESSED,
    .state_bytes = sizeof(Sieve),
    .init = init,
    .add_page = add_page,
    .remove_page = remove_page,
    .victim = victim,
    .defer = defer,
    .touched = touched,
    .clean = clean,
};

}  // namespace dime::policies
