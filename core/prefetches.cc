// SPDX-License-Identifier: GPL-2.0
#include "core/prefetches.h"

namespace dime {

Prefetches::~Prefetches() {
  if (under_way_ != nullptr) {
    memory_.release(under_way_, kPlaces * sizeof(UnderWay));
  }
}

bool Prefetches::use(const PrefetchChoice& choice) {
  if (!prefetcher_.use(choice, {})) {
    return false;
  }
  if (prefetcher_.is_on() && under_way_ == nullptr) {
    under_way_ = static_cast<UnderWay*>(memory_.allocate(kPlaces * sizeof(UnderWay)));
    if (under_way_ == nullptr) {
      prefetcher_.stop();
      return false;
    }
  }
  return true;
}

void Prefetches::touched(PageNumber page, dime_prefetch_why why, Nanos at, std::uint64_t limit,
                         Named& named) {
  dime_prefetch_event event = {};
  event.page = page.value;
  event.time_ns = at.value;
  event.why = static_cast<std::uint8_t>(why);
  named.at = at;
  named.next = 0;
  named.count = prefetcher_.propose(event, limit, named.pages);
}

}  // namespace dime
