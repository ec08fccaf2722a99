// SPDX-License-Identifier: GPL-2.0
#include "engines/user/agent/inline/ahead.h"

#include "engines/user/agent/inline/page_views.h"

namespace dime::agent {

void Ahead::choose(PageId victim, unsigned most, Run& run) {
  run.pages[0] = victim;
  run.count = 1;
  if (rest_ != 0) {
    --rest_;
    return;
  }
  Instance& instance = space_.instance();
  const std::uint64_t part = instance.limit_for(victim) / kOfLimit;
  most = part < most ? static_cast<unsigned>(part) : most;
  std::uint64_t wanted = instance.pool().page(victim).value + 1;
  PageId next_victims[kLooks];
  const unsigned looks = most > 1 ? instance.next_victims(victim, next_victims, kLooks) : 0;
  for (unsigned look = 0; look < looks && run.count < most; ++look) {
    const PageId next = next_victims[look];
    if (instance.pool().page(next).value == wanted && !is_ahead(instance.pool().record(next))) {
      space_.set_ahead(next, true);
      run.pages[run.count++] = next;
      ++wanted;
    }
  }
}

void Ahead::drop_from(Run& run, unsigned first) {
  for (unsigned i = first; i < run.count; ++i) {
    space_.set_ahead(run.pages[i], false);
  }
  run.count = first < run.count ? first : run.count;
}

void Ahead::note(Run& run, std::uint32_t slot, unsigned moved) {
  moved = moved < 1 ? 1 : moved;
  for (unsigned i = moved; i < run.count; ++i) {
    space_.shadow().give_back_empty(slot + i);
  }
  drop_from(run, moved);
  if (count_ + run.count > kMost) {
    shorten_list();
  }
  for (unsigned i = 1; i < run.count; ++i) {
    space_.gone_ahead(run.pages[i], slot + i);
    if (count_ < kMost) {
      listed(count_++) = run.pages[i];
    } else {
      bring_back(run.pages[i]);
    }
  }
}

void Ahead::shorten_list() {
  unsigned kept = 0;
  for (unsigned i = 0; i < count_; ++i) {
    if (is_ahead(space_.instance().pool().record(listed(i)))) {
      listed(kept++) = listed(i);
    }
  }
  count_ = kept;
}

Closed Ahead::take(PageId victim) {
  if (space_.instance().pool().record(victim).prefetched != 0) {
    return space_.take_ahead(victim);  // never was in the list
  }
  credit_ += credit_ < kMostCredit ? 1 : 0;
  const Closed how = space_.take_ahead(victim);
  // They are evicted in their order, but for those that came back.
  while (count_ != 0 && !is_ahead(space_.instance().pool().record(listed(0)))) {
    first_ = (first_ + 1) % kMost;
    --count_;
  }
  return how;
}

void Ahead::bring_back(PageId page) {
  space_.bring_back(page);
  credit_ -= kWasted;
  if (credit_ < 0) {
    credit_ = 0;
    rest_ = kRest;
  }
}

void Ahead::bring_all_back() {
  for (unsigned i = 0; i < count_; ++i) {
    if (is_ahead(space_.instance().pool().record(listed(i)))) {
      bring_back(listed(i));
    }
  }
  count_ = 0;
}

}  // namespace dime::agent
