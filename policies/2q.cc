// SPDX-License-Identifier: GPL-2.0
// 2Q, the full version (Johnson, Shasha, VLDB 1994).
//
// New pages enter A1in, first in, first out, where accesses change nothing. Its oldest page is
// evicted when it is longer than its share, and is remembered in A1out; a page that comes back from
// there enters Am, which is LRU, and whose oldest page is evicted otherwise.
#include "policies/page_list.h"
#include "policies/registry.h"

namespace dime::policies {
namespace {

// A page's word: where it is.
constexpr std::uint64_t kNowhere = 0;
constexpr std::uint64_t kIn = 1;
constexpr std::uint64_t kMain = 2;
constexpr std::uint64_t kOut = 3;
constexpr std::uint64_t kWanted = 4;  ///< was in A1out, and is on its way in

struct TwoQ {
  PageList in;
  PageList main;
  PageList out;  // of ghosts
  std::uint64_t in_share;
  std::uint64_t out_share;
  LatestArrival latest;
};

TwoQ& of(void* state) {
  return *static_cast<TwoQ*>(state);
}

void put(PageList& list, const dime_policy_host* host, std::uint32_t page, std::uint64_t where) {
  record(host, page).word = where;
  list.append(host, page);
}

int init(const dime_policy_ops* /*self*/, void* state, const dime_policy_host* host) {
  of(state) = {{}, {}, {}, host->parameters[0], host->parameters[1], {}};
  return 0;
}

/// The page that room is wanted for leaves A1out before the victim enters it.
void note_wanted(TwoQ& two, const dime_policy_host* host) {
  const std::uint32_t page = host->event.page;
  if (page != DIME_NO_PAGE && host->event.known != 0 && record(host, page).word == kOut) {
    two.out.remove(host, page);
    record(host, page).word = kWanted;
  }
}

int add_page(void* state, const dime_policy_host* host, std::uint32_t page) {
  TwoQ& two = of(state);
  note_wanted(two, host);
  if (host->event.known != 0 && record(host, page).word == kWanted) {
    put(two.main, host, page, kMain);
  } else {
    put(two.in, host, page, kIn);
  }
  two.latest.note(host, page);
  return 0;
}

void remove_page(void* state, const dime_policy_host* host, std::uint32_t page) {
  TwoQ& two = of(state);
  two.latest.left(page);
  const bool in = record(host, page).word == kIn;
  (in ? two.in : two.main).remove(host, page);
  record(host, page).word = kNowhere;
  if (in && is_eviction(host)) {
    put(two.out, host, page, kOut);
    while (two.out.pages > share_of(two.out_share, host->limit)) {
      record(host, two.out.take_oldest(host)).word = kNowhere;
    }
  }
}

void forget(void* state, const dime_policy_host* host, std::uint32_t page) {
  if (record(host, page).word == kOut) {
    of(state).out.remove(host, page);
  }
  record(host, page).word = kNowhere;
}

void touched(void* state, const dime_policy_host* host, std::uint32_t page) {
  if (record(host, page).word == kMain) {
    of(state).main.make_youngest(host, page);
  }
}

std::uint32_t victim(void* state, const dime_policy_host* host) {
  TwoQ& two = of(state);
  note_wanted(two, host);
  const std::uint64_t in_size = share_of(two.in_share, host->limit);
  if (two.main.empty() || two.in.pages > in_size) {
    return two.in.oldest;
  }
  return pick_not_accessed(
      host, [&two] { return two.main.oldest; },
      [&](std::uint32_t page) { two.main.make_youngest(host, page); });
}

void clean(void* /*state*/, const dime_policy_host* /*host*/) {}

constexpr dime_policy_parameter kParameters[] = {
    {"in", "share of A1in", 2'500, 1, 9'000, DIME_UNIT_SHARE},
    {"out", "ghosts in A1out, as a share of the limit", 5'000, 1, 10'000, DIME_UNIT_SHARE},
};

}  // namespace

extern constexpr dime_policy_ops k2Q = {
    .name = "2q",
    .summary = "new pages leave first in, first out; those that come back soon are LRU",
    .source = "Johnson, Shasha, VLDB 1994",
    .abi = DIME_POLICY_ABI,
    .needs = DIME_SEES_ACCESSED,
    .flags = DIME_POLICY_GHOSTS,
    .state_bytes = sizeof(TwoQ),
    .parameter_count = 2,
    .parameters = kParameters,
    .init = init,
    .add_page = add_page,
    .remove_page = remove_page,
    .victim = victim,
    .touched = touched,
    .forget = forget,
    .clean = clean,
};

}  // namespace dime::policies
