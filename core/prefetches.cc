// SPDX-License-Identifier: GPL-2.0
#include "core/prefetches.h"

namespace dime {

Prefetches::~Prefetches() {
  if (under_way_ != nullptr) {
    memory_.release(under_way_, kPlaces * sizeof(UnderWay));
  }
}

bool Prefetches::use(unsigned tier, const PrefetchChoice& choice) {
  const std::uint32_t bit = 1u << tier;
  own_ |= bit;
  on_ &= ~bit;
  Prefetcher& prefetcher = prefetchers_[tier];
  if (!prefetcher.use(memory_, choice, {})) {
    return false;
  }
  if (prefetcher.is_on() && under_way_ == nullptr) {
    under_way_ = static_cast<UnderWay*>(memory_.allocate(kPlaces * sizeof(UnderWay)));
    if (under_way_ == nullptr) {
      prefetcher.stop();
      return false;
    }
  }
  on_ |= prefetcher.is_on() ? bit : 0;
  return true;
}

void Prefetches::follow_instance(unsigned tier) {
  prefetchers_[tier].stop();
  own_ &= ~(1u << tier);
  on_ &= ~(1u << tier);
}

void Prefetches::touched(PageNumber page, unsigned tier, dime_prefetch_why why, Nanos at,
                         std::uint64_t limit, Named& named) {
  dime_prefetch_event event = {};
  event.page = page.value;
  event.time_ns = at.value;
  event.why = static_cast<std::uint8_t>(why);
  event.tier = static_cast<std::uint8_t>(tier);
  named.by = owner_of(tier);
  named.at = at;
  named.next = 0;
  named.count = prefetchers_[named.by].propose(event, limit, named.pages);
}

}  // namespace dime
