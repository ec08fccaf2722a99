// SPDX-License-Identifier: GPL-2.0
// What policies are made of: doubly linked lists of pages through the bytes that are kept with each
// page, and whether a page was accessed. O(1), no memory of their own.
#pragma once

#include <cstdint>

#include "dime/policy.h"

namespace dime::policies {

inline dime_policy_page& record(const dime_policy_host* host, std::uint32_t page) {
  return *host->page(host->context, page);
}

/// The links number `kLinks` of a page: 8 bytes each, of which number 1 is the word.
template <unsigned kLinks>
struct Links {
  std::uint32_t next;
  std::uint32_t prev;

  static Links& of(const dime_policy_host* host, std::uint32_t page) {
    return reinterpret_cast<Links*>(host->page(host->context, page))[kLinks];
  }
};

/// A list of pages, oldest first, through their links number `kLinks`. A page is in one such list
/// at a time.
template <unsigned kLinks>
struct PageListBy {
  using Own = Links<kLinks>;

  std::uint32_t oldest = DIME_NO_PAGE;
  std::uint32_t youngest = DIME_NO_PAGE;
  std::uint64_t pages = 0;

  [[nodiscard]] bool empty() const { return pages == 0; }

  /// Adds `page` as the youngest.
  void append(const dime_policy_host* host, std::uint32_t page) {
    Own& own = Own::of(host, page);
    own.next = DIME_NO_PAGE;
    own.prev = youngest;
    if (youngest == DIME_NO_PAGE) {
      oldest = page;
    } else {
      Own::of(host, youngest).next = page;
    }
    youngest = page;
    ++pages;
  }

  /// Adds `page` as the oldest.
  void prepend(const dime_policy_host* host, std::uint32_t page) {
    Own& own = Own::of(host, page);
    own.prev = DIME_NO_PAGE;
    own.next = oldest;
    if (oldest == DIME_NO_PAGE) {
      youngest = page;
    } else {
      Own::of(host, oldest).prev = page;
    }
    oldest = page;
    ++pages;
  }

  /// REQUIRES: `page` is in this list.
  void remove(const dime_policy_host* host, std::uint32_t page) {
    const Own own = Own::of(host, page);
    if (own.prev == DIME_NO_PAGE) {
      oldest = own.next;
    } else {
      Own::of(host, own.prev).next = own.next;
    }
    if (own.next == DIME_NO_PAGE) {
      youngest = own.prev;
    } else {
      Own::of(host, own.next).prev = own.prev;
    }
    --pages;
  }

  /// Takes the oldest page out. REQUIRES: there is one.
  std::uint32_t take_oldest(const dime_policy_host* host) {
    const std::uint32_t page = oldest;
    remove(host, page);
    return page;
  }

  /// REQUIRES: `page` is in this list.
  void make_youngest(const dime_policy_host* host, std::uint32_t page) {
    if (page != youngest) {
      remove(host, page);
      append(host, page);
    }
  }
};

using PageList = PageListBy<0>;

inline int accessed(const dime_policy_host* host, std::uint32_t page) {
  return host->test_and_clear_accessed(host->context, page);
}

/// True where the engine tells each access: there is nothing to look for at eviction.
inline bool sees_accesses(const dime_policy_host* host) {
  return (host->sees & DIME_SEES_ACCESSES) != 0;
}

/// The page that arrived last. Where accesses are only seen as bits, its bit is set by the very
/// touch that brought it; it is cleared when the next page arrives, so that a bit means another
/// access.
struct LatestArrival {
  std::uint32_t page = DIME_NO_PAGE;

  void note(const dime_policy_host* host, std::uint32_t arrived) {
    if (page != DIME_NO_PAGE && !sees_accesses(host)) {
      accessed(host, page);
    }
    page = arrived;
  }
  void left(std::uint32_t gone) { page = page == gone ? DIME_NO_PAGE : page; }
};

/// A victim where accesses are noticed at the latest when a page is about to go: what `pick()`
/// says, unless the page was accessed, which is told to `touch(page)` first. One call looks at
/// kLongestScan pages at most.
template <class Pick, class Touch>
std::uint32_t pick_not_accessed(const dime_policy_host* host, Pick&& pick, Touch&& touch) {
  constexpr unsigned kLongestScan = 256;
  const bool look = !sees_accesses(host) && (host->sees & DIME_SEES_ACCESSED) != 0;
  for (unsigned looks = 0; look && looks < kLongestScan; ++looks) {
    const std::uint32_t page = pick();
    if (page == DIME_NO_PAGE || accessed(host, page) != DIME_ACCESSED_YES) {
      return page;
    }
    touch(page);
  }
  return pick();
}

inline bool is_eviction(const dime_policy_host* host) {
  return host->event.why == DIME_LEAVE_EVICTED || host->event.why == DIME_LEAVE_CLEAN ||
         host->event.why == DIME_LEAVE_DIRTY;
}

/// `share` (in 1/100 per cent) of `pages`, rounded down, but at least 1.
inline std::uint64_t share_of(std::uint64_t share, std::uint64_t pages) {
  constexpr std::uint64_t kWhole = 10'000;
  const std::uint64_t part = pages / kWhole * share + pages % kWhole * share / kWhole;
  return part == 0 ? 1 : part;
}

}  // namespace dime::policies
