// SPDX-License-Identifier: GPL-2.0
#include "engines/simulator/replay.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "engines/simulator/arrival_policy.h"
#include "engines/simulator/prefetching.h"
#include "engines/simulator/simulated_pages.h"

namespace dime::simulator {
namespace {

constexpr std::uint32_t kState = DIME_POLICY_STATE_BYTES / sizeof(std::uint64_t);

constexpr std::uint64_t kSteps = (std::uint64_t{1} << 60) - 1;

constexpr std::uint32_t kMarks = kDropped | kMoved;

/// When the page of each step is referenced next; a page that is dropped first never is.
std::vector<std::uint64_t> next_uses(std::span<const std::uint32_t> steps, std::uint32_t pages) {
  std::vector<std::uint64_t> next(steps.size(), DIME_NEVER);
  std::vector<std::uint64_t> last(pages, DIME_NEVER);
  for (std::size_t i = steps.size(); i-- > 0;) {
    const std::uint32_t page = steps[i] & ~kMarks;
    next[i] = last[page];
    if ((steps[i] & kDropped) != 0) {
      next[i] = last[page] = DIME_NEVER;
    } else if ((steps[i] & kMoved) == 0) {
      last[page] = i;
    }
  }
  return next;
}

/// First in, first out without a call. A page's place is a number that only grows, and the local
/// page with the lowest one goes next. A dropped page leaves a gap in the ring, which is skipped.
class Arrivals {
 public:
  Arrivals(std::uint64_t capacity, std::uint32_t pages) : places_(pages) {
    std::uint64_t size = 2;
    while (size < 2 * std::min<std::uint64_t>(capacity, pages)) {
      size *= 2;
    }
    ring_.resize(size);
  }

  [[nodiscard]] bool is_resident(std::uint32_t page) const { return places_[page] > kEvicted; }
  [[nodiscard]] bool is_fresh(std::uint32_t page) const { return places_[page] == kFresh; }
  void drop(std::uint32_t page) { places_[page] = kFresh; }
  void enter(std::uint32_t page) {
    if (next_ - oldest_ == ring_.size()) {
      close_gaps();
    }
    places_[page] = next_;
    at(next_++) = page;
  }
  void evict() {
    while (places_[at(oldest_)] != oldest_) {
      ++oldest_;
    }
    places_[at(oldest_++)] = kEvicted;
  }

 private:
  static constexpr std::uint64_t kFresh = 0;
  static constexpr std::uint64_t kEvicted = 1;

  [[nodiscard]] std::uint32_t& at(std::uint64_t place) { return ring_[place & (ring_.size() - 1)]; }
  // The ring has at least twice the places that are needed, so this is rare.
  void close_gaps() {
    std::uint64_t to = oldest_;
    for (std::uint64_t from = oldest_; from != next_; ++from) {
      const std::uint32_t page = at(from);
      if (places_[page] == from) {
        places_[page] = to;
        at(to++) = page;
      }
    }
    next_ = to;
  }

  std::uint64_t oldest_ = kEvicted + 1;
  std::uint64_t next_ = kEvicted + 1;
  std::vector<std::uint32_t> ring_;
  std::vector<std::uint64_t> places_;  ///< of each page: its number, kFresh or kEvicted
};

ReplayResult replay_by_arrival(std::uint64_t capacity, std::span<const std::uint32_t> steps,
                               std::uint32_t pages, std::vector<Miss>* misses) {
  Arrivals arrivals(capacity, pages);
  ReplayResult result;
  std::uint64_t resident = 0;
  std::uint64_t others = 0;  // steps that are no references
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const std::uint32_t page = steps[i] & ~kMarks;
    if (page != steps[i]) {
      ++others;
      if ((steps[i] & kDropped) != 0) {
        resident -= arrivals.is_resident(page) ? 1 : 0;
        arrivals.drop(page);
      } else if (arrivals.is_resident(page)) {
        arrivals.enter(page);
      }
      continue;
    }
    if (arrivals.is_resident(page)) {
      continue;
    }
    const bool fresh = arrivals.is_fresh(page);
    const bool full = resident == capacity;
    if (full) {
      arrivals.evict();
    }
    resident += full ? 0 : 1;
    arrivals.enter(page);
    ++result.misses;
    result.first_touches += fresh ? 1 : 0;
    result.evictions += full ? 1 : 0;
    if (misses != nullptr) {
      misses->push_back({i & kSteps, fresh ? 1U : 0U, full ? 1U : 0U, 0U, 0U});
    }
  }
  result.references = steps.size() - others;
  return result;
}

/// One replay against a policy's operations.
class Replay {
 public:
  Replay(const ReplaySetup& setup, std::uint32_t pages, std::vector<Miss>* misses)
      : ops_(*setup.policy),
        pages_(pages, ops_.page_bytes, setup.capacity, setup.seed),
        host_(pages_.host()),
        ghosts_((ops_.flags & DIME_POLICY_GHOSTS) != 0),
        misses_(misses) {
    if (setup.prefetch != nullptr) {
      prefetching_.emplace(*setup.prefetch);
      upcoming_.resize((ops_.needs & DIME_SEES_FUTURE) != 0 ? pages : 0, DIME_NEVER);
    }
  }

  bool start(const std::uint64_t* values) {
    std::uint64_t defaults[DIME_POLICY_PARAMETERS] = {};
    for (unsigned i = 0; i < ops_.parameter_count && i < DIME_POLICY_PARAMETERS; ++i) {
      defaults[i] = ops_.parameters[i].otherwise;
    }
    host_.parameters = values != nullptr ? values : defaults;
    const int made = ops_.init == nullptr ? 0 : ops_.init(&ops_, state_, &host_);
    host_.parameters = nullptr;
    return made == 0;
  }

  void finish() { ops_.clean(state_, &host_); }

  /// False without memory.
  bool hit(std::uint32_t page) {
    ++result_.references;
    pages_.touch(page);
    if (ops_.touched != nullptr) {
      describe(page, 0);
      ops_.touched(state_, &host_, page);
    }
    return !pages_.is_prefetched(page) || use_prefetched(page);
  }

  /// The program gave the page back: nothing may be kept of it.
  void drop(std::uint32_t page) {
    describe(page, DIME_LEAVE_DROPPED);
    host_.event.next_use = DIME_NEVER;
    if (pages_.is_resident(page)) {
      --host_.resident;
      count_useless(page);
      ops_.remove_page(state_, &host_, page);
    } else if (pages_.is_known(page) && ops_.forget != nullptr) {
      ops_.forget(state_, &host_, page);
    }
    pages_.drop(page);
  }

  /// The program moved the page. False without memory.
  bool move(std::uint32_t page) {
    if (!pages_.is_resident(page)) {
      return true;
    }
    describe(page, DIME_LEAVE_MOVED);
    ops_.remove_page(state_, &host_, page);
    describe(page, DIME_ENTER_MOVED);
    host_.event.from = page;
    return ops_.add_page(state_, &host_, page) == 0;
  }

  /// False without memory.
  bool miss(std::uint32_t page) {
    const std::uint64_t evicted = result_.evictions;
    ++result_.references;
    ++result_.misses;
    const bool fresh = !pages_.was_seen(page);
    result_.first_touches += fresh ? 1 : 0;
    const auto why = static_cast<std::uint8_t>(fresh ? DIME_ENTER_FIRST_TOUCH : DIME_ENTER_DEMAND);
    if (!make_room(page, why, 0)) {
      return false;
    }
    note({host_.event.time_ns & kSteps, fresh ? 1U : 0U, result_.evictions != evicted ? 1U : 0U, 0U,
          0U});
    // As in a live engine the page is on its way, with its room taken, while others are asked for.
    const bool went_well = fresh || fetch_ahead(page, DIME_PREFETCH_MISS, 1);
    describe(page, why);
    pages_.enter(page);
    const bool added = ops_.add_page(state_, &host_, page) == 0;
    ++host_.resident;
    return added && went_well;
  }

  [[nodiscard]] bool is_resident(std::uint32_t page) const { return pages_.is_resident(page); }
  void at(std::uint64_t time, std::uint32_t page, std::uint64_t next_use) {
    host_.event.time_ns = time;
    next_use_ = next_use;
    if (!upcoming_.empty()) {
      upcoming_[page] = next_use;
    }
  }
  [[nodiscard]] const ReplayResult& result() const { return result_; }

 private:
  void note(Miss miss) {
    if (misses_ != nullptr) {
      misses_->push_back(miss);
    }
  }
  void describe(std::uint32_t page, std::uint8_t why) {
    host_.event.page = page;
    host_.event.from = DIME_NO_PAGE;
    host_.event.why = why;
    host_.event.known = pages_.is_known(page) ? 1 : 0;
    host_.event.next_use = next_use_;
  }
  void describe_ahead(std::uint32_t page) {
    describe(page, DIME_ENTER_PREFETCH);
    host_.event.next_use = upcoming_.empty() ? DIME_NEVER : upcoming_[page];
  }
  void count_useless(std::uint32_t page) {
    result_.prefetch.useless += pages_.is_prefetched(page) ? 1 : 0;
  }
  /// Room for one page more than there are and `rooms` that are taken already. False without
  /// memory.
  bool make_room(std::uint32_t page, std::uint8_t why, std::uint64_t rooms) {
    while (host_.resident + rooms >= host_.limit) {
      describe(page, why);
      if (!evict(ops_.victim(state_, &host_))) {
        return false;
      }
    }
    return true;
  }
  bool evict(std::uint32_t page) {
    if (page == DIME_NO_PAGE || !pages_.is_resident(page)) {
      return false;
    }
    --host_.resident;
    ++result_.evictions;
    count_useless(page);
    describe(page, DIME_LEAVE_EVICTED);
    host_.event.next_use = DIME_NEVER;
    ops_.remove_page(state_, &host_, page);
    pages_.leave(page, ghosts_);
    return true;
  }
  bool use_prefetched(std::uint32_t page) {
    pages_.unmark_prefetched(page);
    ++result_.prefetch.used;
    note({host_.event.time_ns & kSteps, 0U, 0U, 0U, 1U});
    return fetch_ahead(page, DIME_PREFETCH_USED, 0);
  }
  /// Fetches what the prefetcher wants because of an access to `page`. False without memory.
  bool fetch_ahead(std::uint32_t page, dime_prefetch_why why, std::uint64_t rooms) {
    if (!prefetching_) {
      return true;
    }
    for (const std::uint32_t ahead :
         prefetching_->propose(page, why, host_.event.time_ns, host_.limit)) {
      if (ahead == page || pages_.is_resident(ahead) || !pages_.was_seen(ahead)) {
        continue;
      }
      const std::uint64_t evicted = result_.evictions;
      if (!make_room(ahead, DIME_ENTER_PREFETCH, rooms)) {
        return false;
      }
      note({ahead, 0U, result_.evictions != evicted ? 1U : 0U, 1U, 0U});
      describe_ahead(ahead);
      pages_.enter(ahead);
      pages_.mark_prefetched(ahead);
      ++result_.prefetch.issued;
      ++host_.resident;
      if (ops_.add_page(state_, &host_, ahead) != 0) {
        return false;
      }
    }
    return true;
  }

  const dime_policy_ops& ops_;
  SimulatedPages pages_;
  dime_policy_host& host_;
  const bool ghosts_;
  std::vector<Miss>* misses_;
  std::uint64_t next_use_ = DIME_NEVER;
  std::optional<Prefetching> prefetching_;
  std::vector<std::uint64_t> upcoming_;  ///< when each page is used next, where the policy asks
  ReplayResult result_;
  alignas(16) std::uint64_t state_[kState] = {};
};

}  // namespace

std::optional<ReplayResult> replay(const ReplaySetup& setup, std::span<const std::uint32_t> steps,
                                   std::uint32_t pages, std::vector<Miss>* misses) {
  const dime_policy_ops& ops = *setup.policy;
  const bool by_arrival = (ops.flags & DIME_POLICY_ARRIVAL_ORDER) != 0 || ops.victim == nullptr;
  const std::uint64_t capacity = setup.capacity == 0 ? 1 : setup.capacity;
  if (by_arrival && setup.prefetch == nullptr) {
    return replay_by_arrival(capacity, steps, pages, misses);
  }
  std::vector<std::uint64_t> next;
  if ((ops.needs & DIME_SEES_FUTURE) != 0) {
    next = next_uses(steps, pages);
  }
  ReplaySetup checked = setup;
  checked.capacity = capacity;
  if (by_arrival) {
    checked.policy = &kArrivalPolicy;
  }
  Replay replay(checked, pages, misses);
  if (!replay.start(setup.values)) {
    return std::nullopt;
  }
  bool well = true;
  for (std::size_t i = 0; i < steps.size() && well; ++i) {
    const std::uint32_t page = steps[i] & ~kMarks;
    replay.at(i, page, next.empty() ? DIME_NEVER : next[i]);
    if ((steps[i] & kDropped) != 0) {
      replay.drop(page);
    } else if ((steps[i] & kMoved) != 0) {
      well = replay.move(page);
    } else if (replay.is_resident(page)) {
      well = replay.hit(page);
    } else {
      well = replay.miss(page);
    }
  }
  replay.finish();
  return well ? std::optional<ReplayResult>(replay.result()) : std::nullopt;
}

}  // namespace dime::simulator
