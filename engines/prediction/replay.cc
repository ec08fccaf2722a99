// SPDX-License-Identifier: GPL-2.0
// One loop for all: an order says which page goes, and hears of uses. A page's place in the order
// is a number that only grows; the page with the lowest one that is still its own goes next. What
// is no longer anybody's is left behind and skipped.
#include "engines/prediction/replay.h"

#include <algorithm>
#include <queue>

namespace dime::prediction {
namespace {

constexpr std::uint64_t kNever = UINT64_MAX;

// By number, ascending: for orders in which a new number is larger than all before.
class Queue {
 public:
  explicit Queue(const Replay& replay) {
    std::uint64_t size = 2;
    while (size < 2 * std::min<std::uint64_t>(replay.local_pages, replay.pages)) {
      size *= 2;
    }
    ring_.resize(size);
  }

  // Numbers begin with 2, because a page's place is also kUntouched or kRemote.
  template <class Places>
  void push(std::uint32_t page, Places& places) {
    if (next_ - oldest_ == ring_.size()) {
      close_gaps(places);
    }
    places[page] = next_;
    at(next_++) = page;
  }
  template <class Places>
  std::uint32_t pop(const Places& places) {
    while (places[at(oldest_)] != oldest_) {
      ++oldest_;
    }
    return at(oldest_++);
  }

 private:
  [[nodiscard]] std::uint32_t& at(std::uint64_t number) {
    return ring_[number & (ring_.size() - 1)];
  }
  // The ring has twice the places that are needed, so this is rare.
  template <class Places>
  void close_gaps(Places& places) {
    std::uint64_t to = oldest_;
    for (std::uint64_t from = oldest_; from != next_; ++from) {
      const std::uint32_t page = at(from);
      if (places[page] == from) {
        places[page] = to;
        at(to++) = page;
      }
    }
    next_ = to;
  }

  std::uint64_t oldest_ = 2;
  std::uint64_t next_ = 2;
  std::vector<std::uint32_t> ring_;
};

class Pages {
 public:
  explicit Pages(const Replay& replay) : queue_(replay), places_(replay.pages) {}
  [[nodiscard]] bool is_local(std::uint32_t page) const { return places_[page] > kRemote; }
  [[nodiscard]] bool is_untouched(std::uint32_t page) const { return places_[page] == kUntouched; }
  void drop(std::uint32_t page) { places_[page] = kUntouched; }
  void evict() { places_[queue_.pop(places_)] = kRemote; }
  void enter(std::uint32_t page, std::uint64_t /*step*/) { queue_.push(page, places_); }

 private:
  static constexpr std::uint64_t kUntouched = 0;
  static constexpr std::uint64_t kRemote = 1;
  Queue queue_;
  std::vector<std::uint64_t> places_;
};

struct Fifo : Pages {
  using Pages::Pages;
  void use(std::uint32_t /*page*/, std::uint64_t /*step*/) {}
};

struct Lru : Pages {
  using Pages::Pages;
  void use(std::uint32_t page, std::uint64_t step) { enter(page, step); }
};

class Opt {
 public:
  explicit Opt(const Replay& replay)
      : next_use_(replay.steps.size()), current_(replay.pages, kUntouched) {
    std::vector<std::uint64_t> last(replay.pages, kNever);
    for (std::size_t i = replay.steps.size(); i-- > 0;) {
      const std::uint32_t page = replay.steps[i] & ~kDropped;
      if ((replay.steps[i] & kDropped) != 0) {
        last[page] = kNever;
      } else {
        next_use_[i] = last[page];
        last[page] = i;
      }
    }
  }
  [[nodiscard]] bool is_local(std::uint32_t page) const { return current_[page] > kRemote; }
  [[nodiscard]] bool is_untouched(std::uint32_t page) const { return current_[page] == kUntouched; }
  void drop(std::uint32_t page) { current_[page] = kUntouched; }
  void use(std::uint32_t page, std::uint64_t step) { enter(page, step); }
  void enter(std::uint32_t page, std::uint64_t step) {
    // A next use is at step 1 or later; 2 behind that is no state.
    const std::uint64_t next = next_use_[step] == kNever ? kNever : next_use_[step] + 2;
    current_[page] = next;
    farthest_.push({next, page});
  }
  void evict() {
    while (current_[farthest_.top().page] != farthest_.top().next) {
      farthest_.pop();
    }
    current_[farthest_.top().page] = kRemote;
    farthest_.pop();
  }

 private:
  static constexpr std::uint64_t kUntouched = 0;
  static constexpr std::uint64_t kRemote = 1;
  struct Use {
    std::uint64_t next;
    std::uint32_t page;
    friend bool operator<(const Use& a, const Use& b) { return a.next < b.next; }
  };
  std::vector<std::uint64_t> next_use_;  ///< of the page of each step
  std::vector<std::uint64_t> current_;   ///< of each page that is local
  std::priority_queue<Use> farthest_;
};

template <class Order>
ReplayResult run(const Replay& replay) {
  constexpr std::uint64_t kSteps = (std::uint64_t{1} << 62) - 1;
  Order order(replay);
  ReplayResult result;
  std::uint64_t local = 0;
  for (std::size_t i = 0; i < replay.steps.size(); ++i) {
    const std::uint32_t page = replay.steps[i];
    if ((page & kDropped) != 0) {
      local -= order.is_local(page & ~kDropped) ? 1 : 0;
      order.drop(page & ~kDropped);
      continue;
    }
    ++result.references;
    if (order.is_local(page)) {
      order.use(page, i);
      continue;
    }
    const bool first_touch = order.is_untouched(page);
    const bool full = local == replay.local_pages;
    if (full) {
      order.evict();
    }
    local += full ? 0 : 1;
    order.enter(page, i);
    ++result.misses;
    result.first_touches += first_touch ? 1 : 0;
    result.evictions += full ? 1 : 0;
    if (replay.misses != nullptr) {
      replay.misses->push_back({i & kSteps, first_touch ? 1U : 0U, full ? 1U : 0U});
    }
  }
  return result;
}

}  // namespace

extern constexpr ReplayPolicy kFifo = {"fifo", run<Fifo>};
extern constexpr ReplayPolicy kLru = {"lru", run<Lru>};
extern constexpr ReplayPolicy kOpt = {"opt", run<Opt>};

const ReplayPolicy* find_policy(std::string_view name) {
  const auto* const found =
      std::find_if(std::begin(kPolicies), std::end(kPolicies),
                   [&](const ReplayPolicy* policy) { return policy->name == name; });
  return found == std::end(kPolicies) ? nullptr : *found;
}

}  // namespace dime::prediction
