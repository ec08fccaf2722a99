// SPDX-License-Identifier: GPL-2.0
// The pages of one process that are fetched ahead: which ones its prefetcher names, and when those
// that are under way arrive.
//
// Not thread-safe: guarded by the instance's lock. O(1) a call.
#pragma once

#include "core/page_table.h"
#include "core/prefetcher.h"

namespace dime {

class Prefetches {
 public:
  explicit Prefetches(Memory& memory) : memory_(memory), prefetcher_(memory) {}
  ~Prefetches();
  Prefetches(const Prefetches&) = delete;
  Prefetches& operator=(const Prefetches&) = delete;

  /// Asks the prefetcher of `choice` from now on. False without memory: nothing is prefetched.
  bool use(const PrefetchChoice& choice);
  [[nodiscard]] bool is_on() const { return prefetcher_.is_on(); }

  /// What the prefetcher has named because of one touch, best first.
  struct Named {
    Nanos at{};  ///< when the page was touched: the request for the others is of that time
    std::uint32_t count = 0;
    std::uint32_t next = 0;                   ///< those before it have been dealt with
    std::uint64_t pages[DIME_PREFETCH_MOST];  ///< page numbers
  };
  /// Tells it of a touch of `page` at `at`; `named` is what it names. `limit` is that of the page's
  /// local set.
  void touched(PageNumber page, dime_prefetch_why why, Nanos at, std::uint64_t limit, Named& named);

  /// `id` arrives at `ready`.
  void note_under_way(PageId id, Nanos ready) { place_of(id) = {ready, id}; }
  /// When `id` arrives; 0 where it has arrived long ago.
  [[nodiscard]] Nanos arrival(PageId id) {
    const UnderWay& place = place_of(id);
    return place.id == id ? place.ready : Nanos{};
  }

 private:
  struct UnderWay {
    Nanos ready;
    PageId id;
  };
  // Pages that are under way at the same time. Of two in one place the earlier is taken for
  // arrived.
  static constexpr std::uint32_t kPlaces = 1024;

  [[nodiscard]] UnderWay& place_of(PageId id) { return under_way_[id % kPlaces]; }

  Memory& memory_;
  Prefetcher prefetcher_;
  UnderWay* under_way_ = nullptr;  ///< kPlaces, once a prefetcher was on
};

}  // namespace dime
