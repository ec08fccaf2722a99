// SPDX-License-Identifier: GPL-2.0
// Least recently used, approximately: a second chance over two lists.
//
// Pages enter the inactive list at its young end. When a page reaches the old end, its accessed bit
// is looked at and forgotten. The first look forgives the touch that brought the page and sends it
// round once more; at a later look a page that was accessed moves to the active list, and one that
// was not is the victim. When the active list is the longer one, its oldest page goes back to the
// inactive list. This is the scheme of Linux' reclaim (mm/vmscan.c before 6.1) without its shadow
// entries. Where the engine cannot tell accesses, no page is promoted and the order is that of
// FIFO. A look moves a page at most twice before it can be a victim, so victim() is amortised O(1);
// kLongestScan bounds one call.
#include "policies/registry.h"

namespace dime::policies {
namespace {

constexpr unsigned kLongestScan = 256;

// Bits of a page's word.
constexpr std::uint64_t kActive = 1;
constexpr std::uint64_t kLookedAt = 2;

struct List {
  std::uint32_t oldest;
  std::uint32_t youngest;
  std::uint64_t pages;
};

struct Lru {
  List inactive;
  List active;
};

Lru& of(void* state) {
  return *static_cast<Lru*>(state);
}

dime_policy_page& record(const dime_policy_host* host, std::uint32_t page) {
  return *host->page(host->context, page);
}

List& list_of(Lru& lru, const dime_policy_page& page) {
  return (page.word & kActive) != 0 ? lru.active : lru.inactive;
}

void append(List& list, const dime_policy_host* host, std::uint32_t page, std::uint64_t word) {
  record(host, page) = {DIME_NO_PAGE, list.youngest, word};
  if (list.youngest == DIME_NO_PAGE) {
    list.oldest = page;
  } else {
    record(host, list.youngest).next = page;
  }
  list.youngest = page;
  ++list.pages;
}

void unlink(List& list, const dime_policy_host* host, std::uint32_t page) {
  const dime_policy_page links = record(host, page);
  if (links.prev == DIME_NO_PAGE) {
    list.oldest = links.next;
  } else {
    record(host, links.prev).next = links.next;
  }
  if (links.next == DIME_NO_PAGE) {
    list.youngest = links.prev;
  } else {
    record(host, links.next).prev = links.prev;
  }
  --list.pages;
}

int init(void* state, const dime_policy_host* /*host*/, std::uint64_t /*seed*/) {
  of(state) = {{DIME_NO_PAGE, DIME_NO_PAGE, 0}, {DIME_NO_PAGE, DIME_NO_PAGE, 0}};
  return 0;
}

int add_page(void* state, const dime_policy_host* host, std::uint32_t page) {
  append(of(state).inactive, host, page, 0);
  return 0;
}

void remove_page(void* state, const dime_policy_host* host, std::uint32_t page) {
  Lru& lru = of(state);
  unlink(list_of(lru, record(host, page)), host, page);
}

std::uint32_t victim(void* state, const dime_policy_host* host) {
  Lru& lru = of(state);
  for (unsigned looks = 0; looks < kLongestScan; ++looks) {
    if (lru.active.pages > lru.inactive.pages) {
      const std::uint32_t page = lru.active.oldest;
      unlink(lru.active, host, page);
      append(lru.inactive, host, page, kLookedAt);
    }
    const std::uint32_t page = lru.inactive.oldest;
    if (page == DIME_NO_PAGE) {
      return DIME_NO_PAGE;
    }
    if (host->test_and_clear_accessed(host->context, page) == 0) {
      return page;
    }
    const bool again = (record(host, page).word & kLookedAt) != 0;
    unlink(lru.inactive, host, page);
    append(again ? lru.active : lru.inactive, host, page, again ? kActive : kLookedAt);
  }
  return lru.inactive.oldest != DIME_NO_PAGE ? lru.inactive.oldest : lru.active.oldest;
}

void defer(void* state, const dime_policy_host* host, std::uint32_t page) {
  Lru& lru = of(state);
  const std::uint64_t word = record(host, page).word;
  List& list = list_of(lru, record(host, page));
  unlink(list, host, page);
  append(list, host, page, word);
}

void clean(void* /*state*/, const dime_policy_host* /*host*/) {}

}  // namespace

extern constexpr dime_policy_ops kLru = {
    .abi = DIME_POLICY_ABI,
    .state_bytes = sizeof(Lru),
    .name = "lru",
    .summary = "evict what was not accessed lately: second chance over two lists",
    .init = init,
    .add_page = add_page,
    .remove_page = remove_page,
    .victim = victim,
    .defer = defer,
    .clean = clean,
};

}  // namespace dime::policies
