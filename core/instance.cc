// SPDX-License-Identifier: GPL-2.0
#include "core/instance.h"

#include "core/histogram.h"

namespace dime {
namespace {

/// A page that its local set could not rank stays where it is.
PageState ranked(bool ranked) {
  return ranked ? PageState::kLocal : PageState::kUnmovable;
}

constexpr std::uint8_t kSetMask = 15;  // PageRecord::set
static_assert(DIME_MAX_TIERS <= kSetMask + 1);

dime_leave leave_of(Closed how) {
  return how == Closed::kDirty   ? DIME_LEAVE_DIRTY
         : how == Closed::kClean ? DIME_LEAVE_CLEAN
                                 : DIME_LEAVE_EVICTED;
}

}  // namespace

Instance::Instance(Memory& memory, InstanceShared shared)
    : pool_(memory),
      memory_(memory),
      shared_(shared),
      transfers_(shared.parameters, shared.network, shared.tiers.tiers) {
  services_.pool = &pool_;
  services_.memory = &memory_;
  for (unsigned set = 0; set < DIME_MAX_TIERS; ++set) {
    set_at_[set] = &sets_[set];
    sets_[set].ranking().attach(services_, set);
  }
  watch_all();
}

Instance::~Instance() {
  for (LocalSet& set : sets_) {
    if (set.watched()) {
      set.give_back();
    }
    set.ranking().clean();
  }
}

void Instance::watch_all() {
  const dime_parameters& parameters = shared_.parameters;
  sets_[kShared].watch(shared_.levels, {&parameters.local_npages, &parameters.local_share},
                       shared_.own);
  const TierShared& tiers = shared_.tiers;
  for (unsigned tier = kShared + 1; tier < DIME_MAX_TIERS && tiers.uses != nullptr; ++tier) {
    LocalSet::Limit limit;
    if (tier != DIME_TIER_LOCAL) {
      limit = {&tiers.tiers[tier].local_npages, &tiers.tiers[tier].local_share};
    }
    dime_tier_part* const own = tiers.parts == nullptr ? nullptr : &tiers.parts[tier];
    sets_[tier].watch(
        tiers.uses[tier].levels, limit,
        own == nullptr ? OwnLevels{}
                       : OwnLevels{&own->local_pages, &own->managed_pages, &own->inherited_pages});
  }
}

bool Instance::use_policy(unsigned tier, const dime_policy_ops& policy, std::uint64_t seed,
                          const std::uint64_t* values) {
  return sets_[tier].ranking().use(
      policy, values, seed,
      [](void* context, PageId id) {
        auto& self = *static_cast<Instance*>(context);
        PageRecord& record = self.pool_.record(id);
        record.state = PageState::kUnmovable;
        self.set_of(record).leave_claimed(Freed::kGivenBack);
      },
      this);
}

/// The local set that counts a page; of an untouched one, that will.
LocalSet& Instance::set_for(PageId id) {
  PageRecord& record = pool_.record(id);
  if (record.state == PageState::kUntouched) {
    record.tier = tier_of_ == nullptr ? std::uint8_t{0}
                                      : static_cast<std::uint8_t>(tier_of_(tier_context_, id));
    record.set = static_cast<std::uint8_t>(set_of_[record.tier]) & kSetMask;
  }
  return set_of(record);
}

void Instance::place(PageId id, unsigned tier) {
  PageRecord& record = pool_.record(id);
  if (record.state != PageState::kUntouched) {
    record.tier = static_cast<std::uint8_t>(tier);
    move_to_set(id, record);
  }
}

/// Moves the page into the local set of its tier, unless it is on its way in or out.
void Instance::move_to_set(PageId id, PageRecord& record) {
  const auto wanted = static_cast<std::uint8_t>(set_of_[record.tier]);
  const bool on_its_way =
      record.state == PageState::kInFlight || record.state == PageState::kEvicting;
  if (record.set == wanted || on_its_way || record.state == PageState::kUntouched) {
    return;
  }
  LocalSet& old = set_of(record);
  const bool local = record.state == PageState::kLocal;
  if (local) {
    old.leave(id, record, DIME_LEAVE_RETIERED, Freed::kGivenBack);
  }
  forget_ghost(id, record);
  old.release();
  record.set = wanted & kSetMask;
  LocalSet& fresh = set_of(record);
  fresh.manage();
  if (local) {
    record.state = ranked(fresh.appear(id, record, DIME_ENTER_RETIERED));
  }
}

void Instance::tick(Nanos now) {
  services_.time_ns = now.value;
  for (LocalSet& set : sets_) {
    set.ranking().tick();
  }
}

/// Counts an event for the instance, and for the tier of the page where that is not the instance.
void Instance::count(const PageRecord& record, std::uint64_t dime_counters::*which) {
  atomic::add(shared_.counters.*which, std::uint64_t{1});
  if (const unsigned tier = record.tier; tier != 0) {
    atomic::add(shared_.tiers.uses[tier].counters.*which, std::uint64_t{1});
  }
}

bool Instance::over() const {
  for (const LocalSet& set : sets_) {
    if (set.watched() && set.over()) {
      return true;
    }
  }
  return false;
}

std::uint64_t Instance::managed_pages() const {
  std::uint64_t pages = 0;
  for (const LocalSet& set : sets_) {
    pages += set.managed();
  }
  return pages;
}

Fault Instance::begin(PageId id, Nanos at) {
  PageRecord& record = pool_.record(id);
  const std::uint32_t flags = atomic::load(shared_.parameters.flags);
  Fault fault{FaultKind::kPresent, at, false, services_.access, services_.thread, at, stack_};
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
      if (is_recorded(record)) [[unlikely]] {
        events_.touched(DIME_EVENT_COALESCED, pool_.page(id), at, services_.thread,
                        services_.access, stack_);
      }
      return {FaultKind::kJoined, at};
    case PageState::kLocal:
    case PageState::kUnmovable:
    case PageState::kEvicting:
      return fault;
  }
  record.state = PageState::kInFlight;
  const bool charged = (flags & DIME_CHARGE_FIRST_TOUCH) != 0 && record.tier != DIME_TIER_LOCAL;
  if (fault.kind == FaultKind::kRemote || charged) {
    fault.ready = transfers_.fetch(record.tier, at, kPageBytes);
  }
  return fault;
}

Nanos Instance::prefetch(PageId id, Nanos at) {
  PageRecord& record = pool_.record(id);
  services_.time_ns = at.value;
  const Nanos ready = transfers_.fetch(record.tier, at, kPageBytes);
  note(id, DIME_EVENT_PREFETCH);
  count(record, &dime_counters::prefetch_issued);
  record.state = ranked(set_of(record).arrive(id, record, DIME_ENTER_PREFETCH));
  record.prefetched = record.state == PageState::kLocal ? 1 : 0;
  move_to_set(id, record);
  return ready;
}

void Instance::use_prefetched(PageId id, Nanos stall) {
  PageRecord& record = pool_.record(id);
  record.prefetched = 0;
  const bool late = stall != Nanos{};
  count(record, late ? &dime_counters::prefetch_late : &dime_counters::prefetch_used);
  if (late) {
    histogram::add(shared_.stalls, stall);
    if (const unsigned tier = record.tier; tier != 0) {
      histogram::add(shared_.tiers.uses[tier].stall_ns, stall);
    }
  }
}

/// The page leaves, or is kept for another reason than its prefetch.
void Instance::end_prefetch(PageRecord& record) {
  if (record.prefetched != 0) {
    record.prefetched = 0;
    count(record, &dime_counters::prefetch_useless);
  }
}

Fault Instance::begin_together(const PageId* ids, unsigned count, Nanos at) {
  for (unsigned i = 0; i < count; ++i) {
    pool_.record(ids[i]).state = PageState::kInFlight;
  }
  const unsigned tier = pool_.record(ids[0]).tier;
  return {FaultKind::kRemote,
          transfers_.fetch(tier, at, count * kPageBytes),
          false,
          services_.access,
          services_.thread,
          at,
          stack_};
}

void Instance::finish(PageId id, const Fault& fault, Nanos stall) {
  PageRecord& record = pool_.record(id);
  const bool remote = fault.kind == FaultKind::kRemote;
  services_.time_ns = fault.ready.value;
  record.state = ranked(
      set_of(record).arrive(id, record, remote ? DIME_ENTER_DEMAND : DIME_ENTER_FIRST_TOUCH));
  // Counted here and not in begin(), so that counters never go back for an abandoned fetch.
  count(record, remote ? &dime_counters::faults_remote : &dime_counters::faults_first_touch);
  atomic::add(shared_.counters.page_fault_count, std::uint64_t{1});
  if (is_recorded(record)) [[unlikely]] {
    events_.touched(remote ? DIME_EVENT_DEMAND : DIME_EVENT_FIRST_TOUCH, pool_.page(id), fault.at,
                    fault.thread, fault.access, fault.stack);
  }
  const unsigned tier = record.tier;
  if (!fault.stall_is_anothers &&
      (remote || ((atomic::load(shared_.parameters.flags) & DIME_CHARGE_FIRST_TOUCH) != 0 &&
                  tier != DIME_TIER_LOCAL))) {
    histogram::add(shared_.stalls, stall);
    if (tier != 0) {
      histogram::add(shared_.tiers.uses[tier].stall_ns, stall);
    }
  }
  move_to_set(id, record);
}

void Instance::abandon(PageId id, const Fault& fault) {
  PageRecord& record = pool_.record(id);
  if (fault.kind == FaultKind::kRemote) {
    record.state = PageState::kRemote;
  } else {
    record.state = PageState::kUntouched;
    set_of(record).release();
  }
}

bool Instance::adopt(PageId id) {
  PageRecord& record = pool_.record(id);
  if (record.state != PageState::kUntouched) {
    return false;
  }
  enter(id);
  note(id, DIME_EVENT_ADOPTED);
  record.state = ranked(set_of(record).appear(id, record, DIME_ENTER_ADOPTED));
  return true;
}

void Instance::adopt_remote(PageId id) {
  enter(id);
  note(id, DIME_EVENT_ADOPTED);
  pool_.record(id).state = PageState::kRemote;
}

void Instance::forget(PageId id) {
  drop(id, Freed::kGivenBack);
  // Inherited pages that the child drops by itself are paid: no debt without a page behind it.
  LocalSet& set = set_of(pool_.record(id));
  if (set.debt() > set.local() + set.rooms()) {
    set.pay_debt();
  }
}

void Instance::drop(PageId id, Freed room) {
  PageRecord& record = pool_.record(id);
  switch (record.state) {
    case PageState::kUntouched:
      return;
    case PageState::kLocal:
    case PageState::kEvicting:
      leave_local(id, record, DIME_LEAVE_DROPPED, room);
      break;
    case PageState::kRemote:
    case PageState::kInFlight:
    case PageState::kUnmovable:
      break;
  }
  end_prefetch(record);
  forget_ghost(id, record);
  note(id, DIME_EVENT_DROPPED);
  record.state = PageState::kUntouched;
  set_of(record).release();
}

void Instance::relocate(PageId from, PageId to) {
  PageRecord& old = pool_.record(from);
  PageRecord& fresh = pool_.record(to);
  if (old.state != PageState::kLocal) {
    forget_ghost(from, old);
  }
  fresh.slot = old.slot;
  fresh.flags = old.flags;
  fresh.state = old.state;
  fresh.tier = old.tier;
  fresh.set = old.set;
  fresh.prefetched = old.prefetched;
  old.flags = 0;
  old.prefetched = 0;
  old.state = PageState::kUntouched;
  note(from, DIME_EVENT_MOVED_FROM);
  note(to, DIME_EVENT_MOVED_TO);
  if (fresh.state == PageState::kLocal) {
    fresh.state = ranked(set_of(fresh).relocate(from, old, to, fresh));
  }
}

void Instance::set_unmovable(PageId id) {
  set_unmovable(id, Freed::kGivenBack);
}

void Instance::set_unmovable(PageId id, Freed room) {
  PageRecord& record = pool_.record(id);
  if (record.state == PageState::kLocal || record.state == PageState::kEvicting) {
    leave_local(id, record, DIME_LEAVE_PINNED, room);
  } else if (record.state == PageState::kUntouched) {
    enter(id);
  }
  end_prefetch(record);
  forget_ghost(id, record);
  record.state = PageState::kUnmovable;
}

void Instance::bring_home(PageId id) {
  PageRecord& record = pool_.record(id);
  if (record.prefetched != 0) {
    record.prefetched = 0;
    return;
  }
  note(id, DIME_EVENT_PREFETCH);
  record.state = ranked(set_of(record).appear(id, record, DIME_ENTER_ADOPTED));
}

void Instance::continue_in_child(const OwnLevels& own, dime_tier_part* parts) {
  shared_.own = own;
  shared_.tiers.parts = parts;
  watch_all();
  for (LocalSet& set : sets_) {
    if (set.watched()) {
      set.inherit();
    }
  }
  // Pages that the parent has prefetched are the parent's to count.
  pool_.for_each_record([](PageRecord& record) { record.prefetched = 0; });
}

PageId Instance::claim_victim(PageId for_page) {
  LocalSet& set = set_for(for_page);
  const PageId id = set.victim(for_page);
  if (id != kNoPage) {
    PageRecord& record = pool_.record(id);
    set.claim(id, record, DIME_LEAVE_EVICTED);
    record.state = PageState::kEvicting;
  }
  return id;
}

/// A page that counts as local, in the policy's charge or claimed, does so no more.
void Instance::leave_local(PageId id, PageRecord& record, dime_leave why, Freed room) {
  if (record.state == PageState::kLocal) {
    set_of(record).leave(id, record, why, room);
  } else {
    set_of(record).leave_claimed(room);
  }
}

void Instance::closed(PageId id, Closed how, Nanos now) {
  closed(id, pool_.record(id), how, now, Freed::kGivenBack);
}

void Instance::closed(PageId id, PageRecord& record, Closed how, Nanos now, Freed room) {
  switch (how) {
    case Closed::kDirty:
      count(record, &dime_counters::evictions_dirty);
      note(id, DIME_EVENT_EVICT_DIRTY);
      went(id, record, how, now, room);
      break;
    case Closed::kClean:
      count(record, &dime_counters::evictions_clean);
      note(id, DIME_EVENT_EVICT_CLEAN);
      went(id, record, how, now, room);
      break;
    case Closed::kUnknown:
      count(record, &dime_counters::evictions_unknown);
      note(id, DIME_EVENT_EVICT_UNKNOWN);
      went(id, record, how, now, room);
      break;
    case Closed::kGone:
      drop(id, room);
      break;
    case Closed::kBusy:
      if (record.state == PageState::kEvicting) {
        record.state = ranked(set_of(record).stay(id, record));
        break;
      }
      [[fallthrough]];
    case Closed::kRefused:
      count(record, &dime_counters::evictions_refused);
      set_unmovable(id, room);
      break;
  }
  move_to_set(id, record);
}

/// The page is inaccessible: remote from now on.
void Instance::went(PageId id, PageRecord& record, Closed how, Nanos now, Freed room) {
  if (shared_.own.evictions != nullptr) {
    atomic::add(*shared_.own.evictions, std::uint64_t{1});
  }
  if (writes_back(how) && (atomic::load(shared_.parameters.flags) & DIME_WRITEBACK) != 0) {
    transfers_.write_back(record.tier, now);
  }
  end_prefetch(record);
  leave_local(id, record, leave_of(how), room);
  record.state = PageState::kRemote;
}

}  // namespace dime
