// SPDX-License-Identifier: GPL-2.0
// Pages in the order in which they came: a circular list through the pages' own links, so every
// operation is a few stores.
//
// This is what the policy FIFO keeps (policies/fifo.cc). It stands here as templates, because an
// instance under FIFO, which is what most instances are, keeps the list itself: in the kernel an
// indirect call costs more than these operations do.
//
// `links` is callable as dime_policy_page&(std::uint32_t page) throughout. `word` is not used.
#pragma once

#include <cstdint>

#include "dime/policy.h"

namespace dime {

struct ArrivalOrder {
  std::uint32_t oldest;  ///< DIME_NO_PAGE where the list is empty, as is `newest`
  std::uint32_t newest;

  /// `own` is what is kept with `page`.
  template <class Links>
  void add(std::uint32_t page, dime_policy_page& own, Links&& links) {
    own = {DIME_NO_PAGE, newest, 0};
    if (newest == DIME_NO_PAGE) {
      oldest = page;
    } else {
      links(newest).next = page;
    }
    newest = page;
  }

  template <class Links>
  void remove(const dime_policy_page& own, Links&& links) {
    if (own.prev == DIME_NO_PAGE) {
      oldest = own.next;
    } else {
      links(own.prev).next = own.next;
    }
    if (own.next == DIME_NO_PAGE) {
      newest = own.prev;
    } else {
      links(own.next).prev = own.prev;
    }
  }
};

}  // namespace dime
