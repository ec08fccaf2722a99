// SPDX-License-Identifier: GPL-2.0
#include "engines/simulator/prefetching.h"

namespace dime::simulator {

Prefetcher& Prefetching::of_process(std::uint32_t process) {
  if (process >= processes_.size()) {
    processes_.resize(std::size_t{process} + 1);
  }
  std::unique_ptr<Prefetcher>& own = processes_[process];
  if (own == nullptr) {
    own = std::make_unique<Prefetcher>();
    PrefetchTape tape;
    if (process < setup_.tapes.size()) {
      tape = {setup_.tapes[process].data(), setup_.tapes[process].size()};
    }
    own->use(heap_, setup_.choice, tape);
  }
  return *own;
}

const std::vector<std::uint32_t>& Prefetching::propose(std::uint32_t page, dime_prefetch_why why,
                                                       std::uint64_t time, std::uint64_t limit) {
  proposed_.clear();
  const PagePlaces::Place place = setup_.places->of(page);
  if (place.page == PagePlaces::kNowhere) {
    return proposed_;
  }
  dime_prefetch_event event{};
  event.page = place.page;
  event.time_ns = time;
  event.why = static_cast<std::uint8_t>(why);
  std::uint64_t wanted[DIME_PREFETCH_MOST];
  const std::uint32_t count = of_process(place.process).propose(event, limit, wanted);
  for (std::uint32_t i = 0; i < count; ++i) {
    if (const std::uint32_t number = setup_.places->find(place.process, wanted[i]);
        number != PagePlaces::kNone) {
      proposed_.push_back(number);
    }
  }
  return proposed_;
}

}  // namespace dime::simulator
