// SPDX-License-Identifier: GPL-2.0
// ARC, the adaptive replacement cache (Megiddo, Modha, FAST 2003).
//
// T1 has the pages that were accessed once lately, T2 those that were accessed again, both LRU; B1
// and B2 remember what was evicted from them. |T1| + |B1| <= c, and all four together <= 2c. A page
// that comes back from B1 was evicted too early from T1, so the target p of T1 grows, and from B2
// it shrinks. T1 gives way when it is longer than p. The patent has expired: docs/adr/0070.
#include "policies/page_list.h"
#include "policies/registry.h"

namespace dime::policies {
namespace {

// A page's word: where it is.
constexpr std::uint64_t kNowhere = 0;
constexpr std::uint64_t kT1 = 1;
constexpr std::uint64_t kT2 = 2;
constexpr std::uint64_t kB1 = 3;
constexpr std::uint64_t kB2 = 4;
constexpr std::uint64_t kWanted = 5;  ///< was in B1 or B2, and is on its way in

constexpr std::uint64_t kFraction = 1u << 16;

struct Arc {
  PageList t1;
  PageList t2;
  PageList b1;  // of ghosts, as is b2
  PageList b2;
  std::uint64_t target;  // p: how long t1 should be, in 1/kFraction
  LatestArrival latest;
  std::uint32_t from_b2;  // the page that room is wanted for was in b2
};

Arc& of(void* state) {
  return *static_cast<Arc*>(state);
}

void put(PageList& list, const dime_policy_host* host, std::uint32_t page, std::uint64_t where) {
  record(host, page).word = where;
  list.append(host, page);
}

void drop_oldest(PageList& ghosts, const dime_policy_host* host) {
  record(host, ghosts.take_oldest(host)).word = kNowhere;
}

int init(const dime_policy_ops* /*self*/, void* state, const dime_policy_host* /*host*/) {
  of(state) = {{}, {}, {}, {}, 0, {}, 0};
  return 0;
}

/// In 1/kFraction.
std::uint64_t quotient_or_one(std::uint64_t dividend, std::uint64_t divisor) {
  return dividend > divisor ? dividend * kFraction / divisor : kFraction;
}

/// Cases II and III of the paper, as far as they come before REPLACE: a ghost that comes back moves
/// the target, and is a ghost no more.
void note_wanted(Arc& arc, const dime_policy_host* host) {
  const std::uint32_t page = host->event.page;
  arc.from_b2 = 0;
  if (page == DIME_NO_PAGE || host->event.known == 0) {
    return;
  }
  std::uint64_t& where = record(host, page).word;
  if (where == kB1) {
    const std::uint64_t target = arc.target + quotient_or_one(arc.b2.pages, arc.b1.pages);
    const std::uint64_t most = host->limit * kFraction;
    arc.target = target < most ? target : most;
    arc.b1.remove(host, page);
  } else if (where == kB2) {
    const std::uint64_t less = quotient_or_one(arc.b1.pages, arc.b2.pages);
    arc.target = arc.target > less ? arc.target - less : 0;
    arc.b2.remove(host, page);
    arc.from_b2 = 1;
  } else {
    return;
  }
  where = kWanted;
}

int add_page(void* state, const dime_policy_host* host, std::uint32_t page) {
  Arc& arc = of(state);
  note_wanted(arc, host);
  if (host->event.known != 0 && record(host, page).word == kWanted) {
    put(arc.t2, host, page, kT2);
  } else {
    put(arc.t1, host, page, kT1);
  }
  const std::uint64_t c = host->limit;
  while (arc.t1.pages + arc.b1.pages > c && !arc.b1.empty()) {
    drop_oldest(arc.b1, host);
  }
  while (arc.t1.pages + arc.t2.pages + arc.b1.pages + arc.b2.pages > 2 * c && !arc.b2.empty()) {
    drop_oldest(arc.b2, host);
  }
  arc.latest.note(host, page);
  return 0;
}

void remove_page(void* state, const dime_policy_host* host, std::uint32_t page) {
  Arc& arc = of(state);
  arc.latest.left(page);
  const bool once = record(host, page).word == kT1;
  (once ? arc.t1 : arc.t2).remove(host, page);
  record(host, page).word = kNowhere;
  if (is_eviction(host)) {
    put(once ? arc.b1 : arc.b2, host, page, once ? kB1 : kB2);
  }
}

void forget(void* state, const dime_policy_host* host, std::uint32_t page) {
  Arc& arc = of(state);
  std::uint64_t& where = record(host, page).word;
  if (where == kB1 || where == kB2) {
    (where == kB1 ? arc.b1 : arc.b2).remove(host, page);
  }
  where = kNowhere;
}

void touched(void* state, const dime_policy_host* host, std::uint32_t page) {
  Arc& arc = of(state);
  (record(host, page).word == kT1 ? arc.t1 : arc.t2).remove(host, page);
  put(arc.t2, host, page, kT2);
}

/// REPLACE of the paper.
std::uint32_t victim(void* state, const dime_policy_host* host) {
  Arc& arc = of(state);
  const std::uint32_t wanted = host->event.page;
  const bool again =
      wanted != DIME_NO_PAGE && host->event.known != 0 && record(host, wanted).word == kWanted;
  if (!again) {
    note_wanted(arc, host);
  }
  return pick_not_accessed(
      host,
      [&arc] {
        const std::uint64_t length = arc.t1.pages * kFraction;
        const bool first =
            length != 0 && (length > arc.target || (arc.from_b2 != 0 && length == arc.target));
        return first || arc.t2.empty() ? arc.t1.oldest : arc.t2.oldest;
      },
      [&](std::uint32_t page) { touched(state, host, page); });
}

void clean(void* /*state*/, const dime_policy_host* /*host*/) {}

}  // namespace

extern constexpr dime_policy_ops kArc = {
    .name = "arc",
    .summary = "balances pages accessed once and again by what comes back too soon",
    .source = "Megiddo, Modha, FAST 2003",
    .abi = DIME_POLICY_ABI,
    .needs = DIME_SEES_ACCESSED,
    .flags = DIME_POLICY_GHOSTS,
    .state_bytes = sizeof(Arc),
    .init = init,
    .add_page = add_page,
    .remove_page = remove_page,
    .victim = victim,
    .touched = touched,
    .forget = forget,
    .clean = clean,
};

}  // namespace dime::policies
