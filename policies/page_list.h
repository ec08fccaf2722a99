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

/// A list of pages, oldest first. A page is in one list at a time, and `word` is left alone.
struct PageList {
  std::uint32_t oldest = DIME_NO_PAGE;
  std::uint32_t youngest = DIME_NO_PAGE;
  std::uint64_t pages = 0;

  [[nodiscard]] bool empty() const { return pages == 0; }

  /// Adds `page` as the youngest.
  void append(const dime_policy_host* host, std::uint32_t page) {
    dime_policy_page& own = record(host, page);
    own.next = DIME_NO_PAGE;
    own.prev = youngest;
    if (youngest == DIME_NO_PAGE) {
      oldest = page;
    } else {
      record(host, youngest).next = page;
    }
    youngest = page;
    ++pages;
  }

  /// Adds `page` as the oldest.
  void prepend(const dime_policy_host* host, std::uint32_t page) {
    dime_policy_page& own = record(host, page);
    own.prev = DIME_NO_PAGE;
    own.next = oldest;
    if (oldest == DIME_NO_PAGE) {
      youngest = page;
    } else {
      record(host, oldest).prev = page;
    }
    oldest = page;
    ++pages;
  }

  /// REQUIRES: `page` is in this list.
  void remove(const dime_policy_host* host, std::uint32_t page) {
    const dime_policy_page own = record(host, page);
    if (own.prev == DIME_NO_PAGE) {
      oldest = own.next;
    } else {
      record(host, own.prev).next = own.next;
    }
    if (own.next == DIME_NO_PAGE) {
      youngest = own.prev;
    } else {
      record(host, own.next).prev = own.prev;
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

inline int accessed(const dime_policy_host* host, std::uint32_t page) {
  return host->test_and_clear_accessed(host->context, page);
}

/// True where the engine tells each access: there is nothing to look for at eviction.
inline bool sees_accesses(const dime_policy_host* host) {
  return (host->sees & DIME_SEES_ACCESSES) != 0;
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
