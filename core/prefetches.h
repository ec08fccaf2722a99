// SPDX-License-Identifier: GPL-2.0
// The pages of one process that are fetched ahead: which ones its prefetchers name, and when those
// that are under way arrive.
//
// The instance has a prefetcher, and so may each tier. One that a tier has of its own is told of
// touches of the tier's pages only; the instance's, of those of all other tiers together. What it
// names is fetched only where it lies in the same tiers.
//
// Not thread-safe: guarded by the instance's lock. O(1) a call.
#pragma once

#include "core/page_table.h"
#include "core/prefetcher.h"

namespace dime {

class Prefetches {
 public:
  explicit Prefetches(Memory& memory) : memory_(memory) {}
  ~Prefetches();
  Prefetches(const Prefetches&) = delete;
  Prefetches& operator=(const Prefetches&) = delete;

  /// Asks the prefetcher of `choice` from now on about touches of the pages of `tier`; tier 0 is
  /// the instance. False without memory: nothing is prefetched.
  bool use(unsigned tier, const PrefetchChoice& choice);
  /// The tier has none of its own any more. REQUIRES: not tier 0.
  void follow_instance(unsigned tier);
  /// False: none of them names anything.
  [[nodiscard]] bool is_on() const { return on_ != 0; }

  /// What a prefetcher has named because of one touch, best first.
  struct Named {
    unsigned by = 0;  ///< the tier whose prefetcher it is
    Nanos at{};       ///< when the page was touched: the request for the others is of that time
    std::uint32_t count = 0;
    std::uint32_t next = 0;                   ///< those before it have been dealt with
    std::uint64_t pages[DIME_PREFETCH_MOST];  ///< page numbers
  };
  /// Tells the prefetcher of `tier` of a touch of its page `page` at `at`; `named` is what it
  /// names. `limit` is that of the page's local set.
  void touched(PageNumber page, unsigned tier, dime_prefetch_why why, Nanos at, std::uint64_t limit,
               Named& named);
  /// Whether a page of `tier` that is among `named` may be fetched.
  [[nodiscard]] bool may_fetch(const Named& named, unsigned tier) const {
    return owner_of(tier) == named.by;
  }

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
  /// The tier whose prefetcher is asked about the pages of `tier`.
  [[nodiscard]] unsigned owner_of(unsigned tier) const {
    return (own_ & (1u << tier)) != 0 ? tier : 0;
  }

  Memory& memory_;
  Prefetcher prefetchers_[DIME_MAX_TIERS];
  std::uint32_t own_ = 0;          ///< 1 << tier: it has one of its own
  std::uint32_t on_ = 0;           ///< 1 << tier: its prefetcher names pages
  UnderWay* under_way_ = nullptr;  ///< kPlaces, once a prefetcher was on
};

}  // namespace dime
