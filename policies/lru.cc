// SPDX-License-Identifier: GPL-2.0
// Least recently used.
//
// Where the engine tells every access (the simulator) this is LRU to the letter: one list, and an
// access makes its page the youngest.
//
// Where it only tells whether a page was accessed lately (accessed bits), it is a second chance
// over two lists, as in Linux' reclaim (mm/vmscan.c before 6.1, without its shadow entries). Pages
// enter the inactive list at its young end. The first look at a page at the old end forgives the
// touch that brought it and sends it round once more; at a later look a page that was accessed
// moves to the active list, and one that was not is the victim. When the active list is the longer
// one, its oldest page goes back to the inactive list.
//
// A page of which the engine can tell nothing is passed over, at its place, as long as one that was
// not accessed is found within kMostUnknown of them; then the oldest of the unknown goes. So the
// order is FIFO where nothing is known, and no process' pages go first because another one asks.
//
// A look moves a page at most twice before it can be a victim, so victim() is amortised O(1);
// kLongestScan bounds one call.
#include "policies/page_list.h"
#include "policies/registry.h"

namespace dime::policies {
namespace {

constexpr unsigned kLongestScan = 256;
constexpr unsigned kMostUnknown = 32;

// Bits of a page's word.
constexpr std::uint64_t kActive = 1;
constexpr std::uint64_t kLookedAt = 2;

struct Lru {
  PageList inactive;  // where every access is seen, the only list
  PageList active;
};

Lru& of(void* state) {
  return *static_cast<Lru*>(state);
}

PageList& list_of(Lru& lru, const dime_policy_page& page) {
  return (page.word & kActive) != 0 ? lru.active : lru.inactive;
}

void move_to(PageList& list, const dime_policy_host* host, std::uint32_t page, std::uint64_t word) {
  record(host, page).word = word;
  list.append(host, page);
}

int init(const dime_policy_ops* /*self*/, void* state, const dime_policy_host* /*host*/) {
  of(state) = {};
  return 0;
}

int add_page(void* state, const dime_policy_host* host, std::uint32_t page) {
  move_to(of(state).inactive, host, page, 0);
  return 0;
}

void remove_page(void* state, const dime_policy_host* host, std::uint32_t page) {
  Lru& lru = of(state);
  list_of(lru, record(host, page)).remove(host, page);
}

void touched(void* state, const dime_policy_host* host, std::uint32_t page) {
  of(state).inactive.make_youngest(host, page);
}

void balance(Lru& lru, const dime_policy_host* host) {
  if (lru.active.pages > lru.inactive.pages) {
    const std::uint32_t page = lru.active.take_oldest(host);
    move_to(lru.inactive, host, page, kLookedAt);
  }
}

/// A victim among those that the engine can tell of, found by accessed bits.
std::uint32_t find(Lru& lru, const dime_policy_host* host) {
  std::uint32_t first_unknown = DIME_NO_PAGE;
  std::uint32_t at = DIME_NO_PAGE;  // behind the unknown ones that were passed over
  unsigned unknown = 0;
  for (unsigned looks = 0; looks < kLongestScan && unknown < kMostUnknown; ++looks) {
    balance(lru, host);
    const std::uint32_t page = at == DIME_NO_PAGE ? lru.inactive.oldest : record(host, at).next;
    if (page == DIME_NO_PAGE) {
      break;
    }
    const int answer = accessed(host, page);
    if (answer == DIME_ACCESSED_NO) {
      return page;
    }
    if (answer == DIME_ACCESSED_UNKNOWN) {
      first_unknown = unknown++ == 0 ? page : first_unknown;
      at = page;
      continue;
    }
    const bool again = (record(host, page).word & kLookedAt) != 0;
    lru.inactive.remove(host, page);
    move_to(again ? lru.active : lru.inactive, host, page, again ? kActive : kLookedAt);
  }
  return first_unknown;
}

std::uint32_t victim(void* state, const dime_policy_host* host) {
  Lru& lru = of(state);
  const bool by_bits = !sees_accesses(host) && (host->sees & DIME_SEES_ACCESSED) != 0;
  const std::uint32_t found = by_bits ? find(lru, host) : DIME_NO_PAGE;
  if (found != DIME_NO_PAGE) {
    return found;
  }
  return lru.inactive.oldest != DIME_NO_PAGE ? lru.inactive.oldest : lru.active.oldest;
}

std::uint32_t select(void* state, const dime_policy_host* host, std::uint32_t* pages,
                     std::uint32_t most) {
  // With accessed bits the order is not known before they are looked at.
  const Lru& lru = of(state);
  std::uint32_t count = 0;
  if (sees_accesses(host) || (host->sees & DIME_SEES_ACCESSED) == 0) {
    for (std::uint32_t page = lru.inactive.oldest; page != DIME_NO_PAGE && count < most; ++count) {
      pages[count] = page;
      page = record(host, page).next;
    }
  }
  return count;
}

void defer(void* state, const dime_policy_host* host, std::uint32_t page) {
  list_of(of(state), record(host, page)).make_youngest(host, page);
}

void clean(void* /*state*/, const dime_policy_host* /*host*/) {}

}  // namespace

extern constexpr dime_policy_ops kLru = {
    .name = "lru",
    .summary = "evict the page that was not accessed for longest",
    .abi = DIME_POLICY_ABI,
    .needs = DIME_SEES_ACCESSED,
    .state_bytes = sizeof(Lru),
    .init = init,
    .add_page = add_page,
    .remove_page = remove_page,
    .victim = victim,
    .select = select,
    .defer = defer,
    .touched = touched,
    .clean = clean,
};

}  // namespace dime::policies
