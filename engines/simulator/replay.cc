// SPDX-License-Identifier: GPL-2.0
#include "engines/simulator/replay.h"

#include <vector>

#include "engines/simulator/simulated_pages.h"

namespace dime::simulator {
namespace {

constexpr std::uint32_t kState = DIME_POLICY_STATE_BYTES / sizeof(std::uint64_t);

/// When the page of each reference is referenced next.
std::vector<std::uint64_t> next_uses(std::span<const std::uint32_t> references,
                                     std::uint32_t pages) {
  std::vector<std::uint64_t> next(references.size());
  std::vector<std::uint64_t> last(pages, DIME_NEVER);
  for (std::size_t i = references.size(); i-- > 0;) {
    next[i] = last[references[i]];
    last[references[i]] = i;
  }
  return next;
}

/// First in, first out without a call: the pages that are local are a ring.
ReplayResult replay_by_arrival(std::uint64_t capacity, std::span<const std::uint32_t> references,
                               std::uint32_t pages) {
  constexpr std::uint8_t kResident = 1;
  constexpr std::uint8_t kSeen = 2;
  const std::uint64_t places = capacity < pages ? capacity : pages;
  std::vector<std::uint32_t> ring(places == 0 ? 1 : places);
  std::vector<std::uint8_t> flags(pages);
  ReplayResult result;
  std::uint64_t at = 0;
  std::uint64_t resident = 0;
  for (const std::uint32_t page : references) {
    std::uint8_t& own = flags[page];
    if ((own & kResident) != 0) {
      continue;
    }
    ++result.misses;
    result.first_touches += own == 0 ? 1 : 0;
    if (resident == places) {
      flags[ring[at]] = kSeen;
      ++result.evictions;
    } else {
      ++resident;
    }
    own = kResident | kSeen;
    ring[at] = page;
    at = at + 1 == places ? 0 : at + 1;
  }
  result.references = references.size();
  return result;
}

/// One replay against a policy's operations.
class Replay {
 public:
  Replay(const ReplaySetup& setup, std::uint32_t pages)
      : ops_(*setup.policy),
        pages_(pages, ops_.page_bytes, setup.capacity, setup.seed),
        host_(pages_.host()),
        ghosts_((ops_.flags & DIME_POLICY_GHOSTS) != 0) {}

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

  void hit(std::uint32_t page) {
    ++result_.references;
    pages_.touch(page);
    if (ops_.touched != nullptr) {
      describe(page, 0);
      ops_.touched(state_, &host_, page);
    }
  }

  /// False without memory.
  bool miss(std::uint32_t page) {
    ++result_.references;
    ++result_.misses;
    const bool fresh = !pages_.was_seen(page);
    result_.first_touches += fresh ? 1 : 0;
    const auto why = static_cast<std::uint8_t>(fresh ? DIME_ENTER_FIRST_TOUCH : DIME_ENTER_DEMAND);
    while (host_.resident >= host_.limit) {
      describe(page, why);
      if (!evict(ops_.victim(state_, &host_))) {
        return false;
      }
    }
    describe(page, why);
    pages_.enter(page);
    const bool added = ops_.add_page(state_, &host_, page) == 0;
    ++host_.resident;
    return added;
  }

  [[nodiscard]] bool is_resident(std::uint32_t page) const { return pages_.is_resident(page); }
  void at(std::uint64_t time, std::uint64_t next_use) {
    host_.event.time_ns = time;
    next_use_ = next_use;
  }
  [[nodiscard]] const ReplayResult& result() const { return result_; }

 private:
  void describe(std::uint32_t page, std::uint8_t why) {
    host_.event.page = page;
    host_.event.from = DIME_NO_PAGE;
    host_.event.why = why;
    host_.event.known = pages_.is_known(page) ? 1 : 0;
    host_.event.next_use = next_use_;
  }
  bool evict(std::uint32_t page) {
    if (page == DIME_NO_PAGE || !pages_.is_resident(page)) {
      return false;
    }
    --host_.resident;
    ++result_.evictions;
    describe(page, DIME_LEAVE_EVICTED);
    host_.event.next_use = DIME_NEVER;
    ops_.remove_page(state_, &host_, page);
    pages_.leave(page, ghosts_);
    return true;
  }

  const dime_policy_ops& ops_;
  SimulatedPages pages_;
  dime_policy_host& host_;
  const bool ghosts_;
  std::uint64_t next_use_ = DIME_NEVER;
  ReplayResult result_;
  alignas(16) std::uint64_t state_[kState] = {};
};

}  // namespace

std::optional<ReplayResult> replay(const ReplaySetup& setup,
                                   std::span<const std::uint32_t> references, std::uint32_t pages) {
  const dime_policy_ops& ops = *setup.policy;
  const std::uint64_t capacity = setup.capacity == 0 ? 1 : setup.capacity;
  if ((ops.flags & DIME_POLICY_ARRIVAL_ORDER) != 0 || ops.victim == nullptr) {
    return replay_by_arrival(capacity, references, pages);
  }
  std::vector<std::uint64_t> next;
  if ((ops.needs & DIME_SEES_FUTURE) != 0) {
    next = next_uses(references, pages);
  }
  ReplaySetup checked = setup;
  checked.capacity = capacity;
  Replay replay(checked, pages);
  if (!replay.start(setup.values)) {
    return std::nullopt;
  }
  bool well = true;
  for (std::size_t i = 0; i < references.size() && well; ++i) {
    replay.at(i, next.empty() ? DIME_NEVER : next[i]);
    if (replay.is_resident(references[i])) {
      replay.hit(references[i]);
    } else {
      well = replay.miss(references[i]);
    }
  }
  replay.finish();
  return well ? std::optional<ReplayResult>(replay.result()) : std::nullopt;
}

}  // namespace dime::simulator
