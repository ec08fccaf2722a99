// SPDX-License-Identifier: GPL-2.0
#include "core/instance.h"

#include "core/arrival_order.h"
#include "core/histogram.h"
#include "policies/registry.h"

namespace dime {
namespace {

dime_policy_page* page_of(void* context, std::uint32_t page) {
  return &static_cast<PagePool*>(context)->record(page).policy;
}

struct PolicyLinks {
  PagePool& pool;
  dime_policy_page& operator()(PageId id) const { return pool.record(id).policy; }
};

std::uint64_t& part(std::uint64_t* wanted, std::uint64_t& otherwise) {
  return wanted == nullptr ? otherwise : *wanted;
}

constexpr std::uint64_t kNoLimit = UINT64_MAX / 2;
constexpr std::uint32_t kShareUnit = 10'000;  // local_share is in 1/100 per cent

}  // namespace

Instance::Instance(Memory& memory, InstanceShared shared)
    : pool_(memory), memory_(memory), shared_(shared) {
  for (unsigned set = 0; set < DIME_MAX_TIERS; ++set) {
    set_at_[set] = &sets_[set];
  }
  watch_all();
  host_.context = this;
  host_.page = [](void* context, std::uint32_t page) {
    return page_of(&static_cast<Instance*>(context)->pool_, page);
  };
  host_.allocate = [](void* context, std::uint64_t bytes) {
    return static_cast<Instance*>(context)->memory_.allocate(bytes);
  };
  host_.release = [](void* context, void* block, std::uint64_t bytes) {
    static_cast<Instance*>(context)->memory_.release(block, bytes);
  };
  host_.test_and_clear_accessed = [](void* context, std::uint32_t page) {
    const auto& self = *static_cast<Instance*>(context);
    return self.accessed_ == nullptr ? 0 : self.accessed_(self.accessed_context_, page);
  };
}

Instance::~Instance() {
  for (LocalSet& set : sets_) {
    if (set.levels != nullptr) {
      set.level_local.sub(set.local + set.rooms);
      set.level_managed.sub(set.managed);
      set.level_inherited.sub(set.debt);
    }
    if (set.policy != nullptr) {
      set.policy->clean(set.state, &host_);
    }
  }
}

void Instance::watch_all() {
  watch(sets_[kShared], shared_.levels, shared_.own);
  const TierShared& tiers = shared_.tiers;
  for (unsigned tier = kShared + 1; tier < DIME_MAX_TIERS && tiers.uses != nullptr; ++tier) {
    dime_tier_part* const own = tiers.parts == nullptr ? nullptr : &tiers.parts[tier];
    watch(sets_[tier], tiers.uses[tier].levels,
          own == nullptr
              ? OwnLevels{}
              : OwnLevels{&own->local_pages, &own->managed_pages, &own->inherited_pages});
  }
}

void Instance::watch(LocalSet& set, dime_levels& levels, const OwnLevels& own) {
  set.levels = &levels;
  set.level_local = {&levels.local_pages, &part(own.local_pages, set.unwatched[0])};
  set.level_managed = {&levels.managed_pages, &part(own.managed_pages, set.unwatched[1])};
  set.level_inherited = {&levels.inherited_pages, &part(own.inherited_pages, set.unwatched[2])};
}

bool Instance::start_policy(const dime_policy_ops& policy, void* state, std::uint64_t seed) {
  auto* const bytes = static_cast<std::uint8_t*>(state);
  for (unsigned i = 0; i < DIME_POLICY_STATE_BYTES; ++i) {
    bytes[i] = 0;
  }
  return policy.state_bytes <= DIME_POLICY_STATE_BYTES && policy.init(state, &host_, seed) == 0;
}

bool Instance::use_policy(unsigned tier, const dime_policy_ops& policy, std::uint64_t seed) {
  LocalSet& set = sets_[tier];
  void* const fresh = set.policy_state[set.state == set.policy_state[0] ? 1 : 0];
  if (!start_policy(policy, fresh, seed)) {
    return false;
  }
  if (set.policy != nullptr) {
    void* const old = set.state;
    // A page has one record of links, so it leaves the old policy before it enters the new one.
    for (PageId id = set.policy->victim(old, &host_); id != kNoPage;
         id = set.policy->victim(old, &host_)) {
      set.policy->remove_page(old, &host_, id);
      if (policy.add_page(fresh, &host_, id) != 0) {
        --set.evictable;
        pool_.record(id).state = PageState::kUnmovable;
        --set.local;
        set.level_local.sub(1);
      }
    }
    set.policy->clean(old, &host_);
  }
  set.policy = &policy;
  set.state = fresh;
  return true;
}

/// The local set that counts a page; of an untouched one, that will.
unsigned Instance::set_for(PageId id) {
  PageRecord& record = pool_.record(id);
  if (record.state == PageState::kUntouched) {
    record.tier = tier_of_ == nullptr ? std::uint8_t{0}
                                      : static_cast<std::uint8_t>(tier_of_(tier_context_, id));
    record.set = static_cast<std::uint8_t>(set_of_[record.tier]);
  }
  return record.set;
}

/// An untouched page comes under management.
void Instance::enter(PageId id) {
  note_managed(*set_at_[set_for(id)]);
}

void Instance::place(PageId id, unsigned tier) {
  PageRecord& record = pool_.record(id);
  if (record.state != PageState::kUntouched) {
    record.tier = static_cast<std::uint8_t>(tier);
    settle(id, record);
  }
}

/// Moves the page into the local set of its tier, unless it is on its way in or out.
void Instance::settle(PageId id, PageRecord& record) {
  const auto wanted = static_cast<std::uint8_t>(set_of_[record.tier]);
  const bool on_its_way =
      record.state == PageState::kInFlight || record.state == PageState::kEvicting;
  if (record.set == wanted || on_its_way || record.state == PageState::kUntouched) {
    return;
  }
  LocalSet& old = set_of(record);
  const bool local = record.state == PageState::kLocal;
  if (local) {
    leave_policy(id, record, Freed::kGivenBack);
  }
  --old.managed;
  old.level_managed.sub(1);
  record.set = wanted;
  LocalSet& fresh = set_of(record);
  note_managed(fresh);
  if (local) {
    count_local(fresh, 1);
    enter_policy(id, record);
  }
}

/// Counts an event for the instance, and for the tier of the page where that is not the instance.
void Instance::count(const PageRecord& record, std::uint64_t dime_counters::*which) {
  atomic::add(shared_.counters.*which, std::uint64_t{1});
  if (const unsigned tier = record.tier; tier != 0) {
    atomic::add(shared_.tiers.uses[tier].counters.*which, std::uint64_t{1});
  }
}

std::uint64_t Instance::limit(unsigned set) const {
  if (set == DIME_TIER_LOCAL) {
    return kNoLimit;
  }
  const std::uint32_t share = atomic::load(set == kShared ? shared_.parameters.local_share
                                                          : shared_.tiers.tiers[set].local_share);
  const std::uint64_t pages =
      share == 0 ? atomic::load(set == kShared ? shared_.parameters.local_npages
                                               : shared_.tiers.tiers[set].local_npages)
                 : atomic::load(sets_[set].levels->managed_pages) * share / kShareUnit;
  const std::uint64_t least = share == 0 ? 1 : kLeastShare;
  return pages < least ? least : pages;
}

std::uint64_t Instance::allowed(unsigned set) const {
  return limit(set) + atomic::load(sets_[set].levels->inherited_pages);
}

bool Instance::full(unsigned set) const {
  return atomic::load(sets_[set].levels->local_pages) >= allowed(set);
}

bool Instance::over() const {
  for (unsigned set = 0; set < DIME_MAX_TIERS; ++set) {
    const dime_levels* const levels = sets_[set].levels;
    if (levels != nullptr && atomic::load(levels->local_pages) > allowed(set)) {
      return true;
    }
  }
  return false;
}

std::uint64_t Instance::managed_pages() const {
  std::uint64_t pages = 0;
  for (const LocalSet& set : sets_) {
    pages += set.managed;
  }
  return pages;
}

// What children have inherited is counted apart (design.md, semantics 1), so the peak shows the
// limit at work. Members come and go while the levels are read: `inherited_before` is from before
// `local`, and the greater of it and what is read now was there with `local`.
void Instance::note_level(LocalSet& set, std::uint64_t local, std::uint64_t inherited_before) {
  const std::uint64_t now = atomic::load(set.levels->inherited_pages);
  const std::uint64_t inherited = now > inherited_before ? now : inherited_before;
  atomic::raise(set.levels->local_peak, local > inherited ? local - inherited : 0);
}

bool Instance::try_acquire(unsigned index, bool& over) {
  LocalSet& set = *set_at_[index];
  std::uint64_t& local = set.levels->local_pages;
  std::uint64_t inherited = 0;
  std::uint64_t seen = atomic::load(local);
  do {
    inherited = atomic::load(set.levels->inherited_pages);
    const std::uint64_t most = limit(index) + inherited;
    if (seen >= most) {
      over = seen > most;
      return false;
    }
  } while (!atomic::compare_exchange(local, seen, seen + 1));
  atomic::add(*set.level_local.own, std::uint64_t{1});
  ++set.rooms;
  note_level(set, seen + 1, inherited);
  return true;
}

void Instance::count_local(LocalSet& set, std::uint64_t pages) {
  const std::uint64_t inherited = atomic::load(set.levels->inherited_pages);
  note_level(set, set.level_local.add(pages), inherited);
}

void Instance::force_room(PageId id) {
  LocalSet& set = sets_[set_for(id)];
  count_local(set, 1);
  ++set.rooms;
}

void Instance::cancel_room(PageId id) {
  LocalSet& set = set_of(pool_.record(id));
  --set.rooms;
  set.level_local.sub(1);
}

void Instance::note_managed(LocalSet& set) {
  ++set.managed;
  atomic::raise(set.levels->managed_peak, set.level_managed.add(1));
}

// FIFO without a call of it, see core/arrival_order.h.
bool Instance::add_to_policy(LocalSet& set, PageId id, PageRecord& record) {
  void* const state = set.state;
  if (set.policy == &policies::kFifo) {
    static_cast<ArrivalOrder*>(state)->add(id, record.policy, PolicyLinks{pool_});
    return true;
  }
  return set.policy->add_page(state, &host_, id) == 0;
}

void Instance::remove_from_policy(LocalSet& set, PageId id, const PageRecord& record) {
  void* const state = set.state;
  if (set.policy == &policies::kFifo) {
    static_cast<ArrivalOrder*>(state)->remove(record.policy, PolicyLinks{pool_});
  } else {
    set.policy->remove_page(state, &host_, id);
  }
}

void Instance::enter_policy(PageId id, PageRecord& record) {
  LocalSet& set = set_of(record);
  if (add_to_policy(set, id, record)) {
    record.state = PageState::kLocal;
    ++set.local;
    ++set.evictable;
  } else {
    record.state = PageState::kUnmovable;
    set.level_local.sub(1);
  }
}

void Instance::leave_policy(PageId id, PageRecord& record, Freed room) {
  LocalSet& set = set_of(record);
  remove_from_policy(set, id, record);
  --set.evictable;
  --set.local;
  free_room(set, room);
}

void Instance::free_room(LocalSet& set, Freed room) {
  if (room == Freed::kKept) {
    ++set.rooms;
  } else {
    set.level_local.sub(1);
  }
}

void Instance::pay_debt(LocalSet& set) {
  --set.debt;
  set.level_inherited.sub(1);
}

link::Terms Instance::terms_at(Nanos now) const {
  const dime_parameters& parameters = shared_.parameters;
  link::Terms terms = link::terms_at(
      shared_.network, now,
      {{atomic::load(parameters.latency_ns)}, {atomic::load(parameters.bandwidth_bps)}});
  if ((atomic::load(parameters.flags) & DIME_ONE_WAY) != 0) {
    terms.latency = terms.latency + terms.latency;
  }
  return terms;
}

// What a fault costs the machine counts towards the stall, so the common case is apart: a page of
// the instance's own tier, over a network that nothing shapes.
Nanos Instance::fetch(const PageRecord& record, Nanos at, std::uint64_t bytes) {
  if (record.tier != 0 || !shared_.network.plain()) {
    const Cost cost = cost_of(record, at);
    return link::fetch(cost.link->rx, at, bytes, cost.terms, cost.network);
  }
  const dime_parameters& parameters = shared_.parameters;
  const std::uint64_t latency = atomic::load(parameters.latency_ns);
  const bool twice = (atomic::load(parameters.flags) & DIME_ONE_WAY) != 0;
  const BitsPerSecond bandwidth{atomic::load(parameters.bandwidth_bps)};
  return link::reserve(links_[kShared]->rx, at, bytes, bandwidth).end +
         Nanos{twice ? 2 * latency : latency};
}

void Instance::write_back(const PageRecord& record, Nanos now) {
  if (record.tier != 0 || !shared_.network.steady()) {
    const Cost cost = cost_of(record, now);
    link::reserve(cost.link->tx, now, kPageBytes, cost.terms.bandwidth, cost.network.schedule);
    return;
  }
  link::reserve(links_[kShared]->tx, now, kPageBytes,
                BitsPerSecond{atomic::load(shared_.parameters.bandwidth_bps)});
}

/// A tier with a latency or a bandwidth of its own has it whatever schedule and table say of the
/// instance's; outages and jitter are for all.
Instance::Cost Instance::cost_of(const PageRecord& record, Nanos now) const {
  Cost cost{terms_at(now), links_[kShared], shared_.network};
  const unsigned tier = record.tier;
  if (tier == 0) {
    return cost;
  }
  const dime_tier& own = shared_.tiers.tiers[tier];
  const std::uint32_t which = atomic::load(own.own);
  if ((which & DIME_OWN_LATENCY) != 0) {
    const std::uint64_t latency = atomic::load(own.latency_ns);
    const bool twice = (atomic::load(shared_.parameters.flags) & DIME_ONE_WAY) != 0;
    cost.terms.latency = {twice ? 2 * latency : latency};
  }
  if ((which & DIME_OWN_BANDWIDTH) != 0) {
    cost.terms.bandwidth = {atomic::load(own.bandwidth_bps)};
  }
  if ((which & (DIME_OWN_LATENCY | DIME_OWN_BANDWIDTH)) != 0) {
    cost.network.times = nullptr;
  }
  cost.link = &link_of(record);
  return cost;
}

dime_link& Instance::link_of(const PageRecord& record) const {
  return links_[record.tier] != nullptr ? *links_[record.tier] : *links_[kShared];
}

PageId Instance::next_victim(unsigned index) {
  LocalSet& set = *set_at_[index];
  void* const state = set.state;
  return set.policy == &policies::kFifo ? static_cast<ArrivalOrder*>(state)->oldest
                                        : set.policy->victim(state, &host_);
}

Fault Instance::begin(PageId id, Nanos at) {
  PageRecord& record = pool_.record(id);
  const std::uint32_t flags = atomic::load(shared_.parameters.flags);
  Fault fault{FaultKind::kPresent, at};
  switch (record.state) {
    case PageState::kUntouched:
      fault.kind = FaultKind::kFirstTouch;
      enter(id);
      break;
    case PageState::kRemote:
      fault.kind = FaultKind::kRemote;
      break;
    case PageState::kInFlight:
      count(record, &dime_counters::faults_joined);
      return {FaultKind::kJoined, at};
    case PageState::kLocal:
    case PageState::kUnmovable:
    case PageState::kEvicting:
      return fault;
  }
  record.state = PageState::kInFlight;
  const bool charged = (flags & DIME_CHARGE_FIRST_TOUCH) != 0 && record.tier != DIME_TIER_LOCAL;
  if (fault.kind == FaultKind::kRemote || charged) {
    fault.ready = fetch(record, at, kPageBytes);
  }
  return fault;
}

Fault Instance::begin_together(const PageId* ids, unsigned count, Nanos at) {
  for (unsigned i = 0; i < count; ++i) {
    pool_.record(ids[i]).state = PageState::kInFlight;
  }
  return {FaultKind::kRemote, fetch(pool_.record(ids[0]), at, count * kPageBytes)};
}

void Instance::finish(PageId id, const Fault& fault, Nanos stall) {
  PageRecord& record = pool_.record(id);
  --set_of(record).rooms;
  enter_policy(id, record);
  // Counted here and not in begin(), so that counters never go back for an abandoned fetch.
  count(record, fault.kind == FaultKind::kRemote ? &dime_counters::faults_remote
                                                 : &dime_counters::faults_first_touch);
  atomic::add(shared_.counters.page_fault_count, std::uint64_t{1});
  const unsigned tier = record.tier;
  if (!fault.stall_is_anothers &&
      (fault.kind == FaultKind::kRemote ||
       ((atomic::load(shared_.parameters.flags) & DIME_CHARGE_FIRST_TOUCH) != 0 &&
        tier != DIME_TIER_LOCAL))) {
    histogram::add(shared_.stalls, stall);
    if (tier != 0) {
      histogram::add(shared_.tiers.uses[tier].stall_ns, stall);
    }
  }
  settle(id, record);
}

void Instance::abandon(PageId id, const Fault& fault) {
  PageRecord& record = pool_.record(id);
  if (fault.kind == FaultKind::kRemote) {
    record.state = PageState::kRemote;
  } else {
    record.state = PageState::kUntouched;
    --set_of(record).managed;
    set_of(record).level_managed.sub(1);
  }
}

bool Instance::adopt(PageId id) {
  PageRecord& record = pool_.record(id);
  if (record.state != PageState::kUntouched) {
    return false;
  }
  enter(id);
  count_local(set_of(record), 1);
  enter_policy(id, record);
  return true;
}

void Instance::adopt_remote(PageId id) {
  enter(id);
  pool_.record(id).state = PageState::kRemote;
}

void Instance::forget(PageId id) {
  drop(id, Freed::kGivenBack);
  // Inherited pages that the child drops by itself are paid: no debt without a page behind it.
  LocalSet& set = set_of(pool_.record(id));
  if (set.debt > set.local + set.rooms) {
    pay_debt(set);
  }
}

void Instance::drop(PageId id, Freed room) {
  PageRecord& record = pool_.record(id);
  switch (record.state) {
    case PageState::kUntouched:
      return;
    case PageState::kLocal:
    case PageState::kEvicting:
      leave_local(id, record, room);
      break;
    case PageState::kRemote:
    case PageState::kInFlight:
    case PageState::kUnmovable:
      break;
  }
  record.state = PageState::kUntouched;
  --set_of(record).managed;
  set_of(record).level_managed.sub(1);
}

void Instance::rename(PageId from, PageId to) {
  PageRecord& old = pool_.record(from);
  PageRecord& fresh = pool_.record(to);
  fresh.slot = old.slot;
  fresh.flags = old.flags;
  fresh.state = old.state;
  fresh.tier = old.tier;
  fresh.set = old.set;
  old.state = PageState::kUntouched;
  if (fresh.state == PageState::kLocal) {
    // It keeps its room: given back for a moment, another member could take it.
    LocalSet& set = set_of(fresh);
    remove_from_policy(set, from, old);
    --set.evictable;
    --set.local;
    enter_policy(to, fresh);
  }
}

void Instance::set_unmovable(PageId id) {
  set_unmovable(id, Freed::kGivenBack);
}

void Instance::set_unmovable(PageId id, Freed room) {
  PageRecord& record = pool_.record(id);
  if (record.state == PageState::kLocal || record.state == PageState::kEvicting) {
    leave_local(id, record, room);
  } else if (record.state == PageState::kUntouched) {
    enter(id);
  }
  record.state = PageState::kUnmovable;
}

void Instance::bring_home(PageId id) {
  PageRecord& record = pool_.record(id);
  count_local(set_of(record), 1);
  enter_policy(id, record);
}

void Instance::borrow(unsigned set, std::uint64_t pages) {
  sets_[set].debt += pages;
  sets_[set].level_inherited.add(pages);
}

void Instance::continue_in_child(const OwnLevels& own, dime_tier_part* parts) {
  shared_.own = own;
  shared_.tiers.parts = parts;
  watch_all();
  for (LocalSet& set : sets_) {
    if (set.levels == nullptr) {
      continue;
    }
    // The debt first: the limit is never exceeded by pages that nobody accounts for.
    set.debt = set.local;
    set.level_inherited.add(set.debt);
    set.level_local.add(set.local);
    set.level_managed.add(set.managed);
  }
}

PageId Instance::claim_victim(PageId for_page) {
  const unsigned index = set_for(for_page);
  LocalSet& set = *set_at_[index];
  const PageId id = next_victim(index);
  if (id != kNoPage) {
    PageRecord& record = pool_.record(id);
    remove_from_policy(set, id, record);
    --set.evictable;
    record.state = PageState::kEvicting;
  }
  return id;
}

PageId Instance::victim_after(PageId page, PageId for_page) {
  const LocalSet& set = sets_[set_for(for_page)];
  if (set.policy != &policies::kFifo) {
    return kNoPage;
  }
  return page == kNoPage ? static_cast<const ArrivalOrder*>(set.state)->oldest
                         : pool_.record(page).policy.next;
}

/// A page that counts as local, in the policy's charge or claimed, does so no more.
void Instance::leave_local(PageId id, PageRecord& record, Freed room) {
  if (record.state == PageState::kLocal) {
    leave_policy(id, record, room);
  } else {
    --set_of(record).local;
    free_room(set_of(record), room);
  }
}

void Instance::closed(PageId id, Closed how, Nanos now) {
  closed(id, pool_.record(id), how, now, Freed::kGivenBack);
}

void Instance::closed(PageId id, PageRecord& record, Closed how, Nanos now, Freed room) {
  switch (how) {
    case Closed::kDirty:
      count(record, &dime_counters::evictions_dirty);
      went(id, record, how, now, room);
      break;
    case Closed::kClean:
      count(record, &dime_counters::evictions_clean);
      went(id, record, how, now, room);
      break;
    case Closed::kUnknown:
      count(record, &dime_counters::evictions_unknown);
      went(id, record, how, now, room);
      break;
    case Closed::kGone:
      drop(id, room);
      break;
    case Closed::kBusy:
      if (record.state == PageState::kEvicting) {
        // Claimed, and in use just now: ranked as if it had just come. It keeps its room.
        --set_of(record).local;
        enter_policy(id, record);
        break;
      }
      [[fallthrough]];
    case Closed::kRefused:
      count(record, &dime_counters::evictions_refused);
      set_unmovable(id, room);
      break;
  }
  settle(id, record);
}

/// The page is inaccessible: remote from now on.
void Instance::went(PageId id, PageRecord& record, Closed how, Nanos now, Freed room) {
  if (shared_.own.evictions != nullptr) {
    atomic::add(*shared_.own.evictions, std::uint64_t{1});
  }
  if (writes_back(how) && (atomic::load(shared_.parameters.flags) & DIME_WRITEBACK) != 0) {
    write_back(record, now);
  }
  leave_local(id, record, room);
  record.state = PageState::kRemote;
}

/// Until when the thread that evicted `record` stalls: the queue for write-back is full.
Nanos Instance::writeback_stall(const PageRecord& record, Nanos now) const {
  const Nanos queued = link::backlog(link_of(record).tx, now);
  if (queued == Nanos{} || (atomic::load(shared_.parameters.flags) & DIME_WRITEBACK) == 0) {
    return {};
  }
  const BitsPerSecond bandwidth = cost_of(record, now).terms.bandwidth;
  if (bandwidth.unlimited()) {
    return {};
  }
  const Nanos allowed{link::transfer_time(kPageBytes, bandwidth).value *
                      atomic::load(shared_.parameters.writeback_depth)};
  return queued <= allowed ? Nanos{} : now + (queued - allowed);
}

}  // namespace dime
