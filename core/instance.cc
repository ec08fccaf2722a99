// SPDX-License-Identifier: GPL-2.0
#include "core/instance.h"

#include "core/histogram.h"

namespace dime {
namespace {

dime_policy_page* page_of(void* context, std::uint32_t page) {
  return &static_cast<PagePool*>(context)->record(page).policy;
}

std::uint64_t& part(std::uint64_t* wanted, std::uint64_t& otherwise) {
  return wanted == nullptr ? otherwise : *wanted;
}

constexpr std::uint32_t kShareUnit = 10'000;  // local_share is in 1/100 per cent

}  // namespace

Instance::Instance(Memory& memory, InstanceShared shared)
    : pool_(memory),
      memory_(memory),
      shared_(shared),
      level_local_{shared.levels.local_pages, part(shared.own.local_pages, unwatched_[0])},
      level_managed_{shared.levels.managed_pages, part(shared.own.managed_pages, unwatched_[1])},
      level_inherited_{shared.levels.inherited_pages,
                       part(shared.own.inherited_pages, unwatched_[2])} {
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
  level_local_.sub(local_ + rooms_);
  level_managed_.sub(managed_);
  level_inherited_.sub(debt_);
  if (policy_ != nullptr) {
    policy_->clean(policy_state_[which_state_], &host_);
  }
}

bool Instance::start_policy(const dime_policy_ops& policy, void* state, std::uint64_t seed) {
  auto* const bytes = static_cast<std::uint8_t*>(state);
  for (unsigned i = 0; i < DIME_POLICY_STATE_BYTES; ++i) {
    bytes[i] = 0;
  }
  return policy.state_bytes <= DIME_POLICY_STATE_BYTES && policy.init(state, &host_, seed) == 0;
}

bool Instance::use_policy(const dime_policy_ops& policy, std::uint64_t seed) {
  const unsigned other = 1 - which_state_;
  void* const fresh = policy_state_[other];
  if (!start_policy(policy, fresh, seed)) {
    return false;
  }
  if (policy_ != nullptr) {
    void* const old = policy_state_[which_state_];
    // A page has one record of links, so it leaves the old policy before it enters the new one.
    for (PageId id = policy_->victim(old, &host_); id != kNoPage;
         id = policy_->victim(old, &host_)) {
      policy_->remove_page(old, &host_, id);
      if (policy.add_page(fresh, &host_, id) != 0) {
        --evictable_;
        pool_.record(id).state = PageState::kUnmovable;
        --local_;
        level_local_.sub(1);
      }
    }
    policy_->clean(old, &host_);
  }
  policy_ = &policy;
  which_state_ = other;
  return true;
}

std::uint64_t Instance::limit() const {
  const std::uint32_t share = atomic::load(shared_.parameters.local_share);
  const std::uint64_t pages = share == 0
                                  ? atomic::load(shared_.parameters.local_npages)
                                  : atomic::load(shared_.levels.managed_pages) * share / kShareUnit;
  const std::uint64_t least = share == 0 ? 1 : kLeastShare;
  return pages < least ? least : pages;
}

std::uint64_t Instance::allowed() const {
  return limit() + atomic::load(shared_.levels.inherited_pages);
}

bool Instance::full() const {
  return atomic::load(shared_.levels.local_pages) >= allowed();
}

// What children have inherited is counted apart (design.md, semantics 1), so the peak shows the
// limit at work. Members come and go while the levels are read: `inherited_before` is from before
// `local`, and the greater of it and what is read now was there with `local`.
void Instance::note_level(std::uint64_t local, std::uint64_t inherited_before) {
  const std::uint64_t now = atomic::load(shared_.levels.inherited_pages);
  const std::uint64_t inherited = now > inherited_before ? now : inherited_before;
  atomic::raise(shared_.levels.local_peak, local > inherited ? local - inherited : 0);
}

bool Instance::try_acquire() {
  std::uint64_t& local = shared_.levels.local_pages;
  std::uint64_t inherited = 0;
  std::uint64_t seen = atomic::load(local);
  do {
    inherited = atomic::load(shared_.levels.inherited_pages);
    if (seen >= limit() + inherited) {
      return false;
    }
  } while (!atomic::compare_exchange(local, seen, seen + 1));
  atomic::add(level_local_.own, std::uint64_t{1});
  ++rooms_;
  note_level(seen + 1, inherited);
  return true;
}

void Instance::count_local(std::uint64_t pages) {
  const std::uint64_t inherited = atomic::load(shared_.levels.inherited_pages);
  note_level(level_local_.add(pages), inherited);
}

void Instance::force_room() {
  count_local(1);
  ++rooms_;
}

void Instance::cancel_room() {
  --rooms_;
  level_local_.sub(1);
}

void Instance::note_managed() {
  ++managed_;
  atomic::raise(shared_.levels.managed_peak, level_managed_.add(1));
}

void Instance::enter_policy(PageId id) {
  PageRecord& record = pool_.record(id);
  if (policy_->add_page(policy_state_[which_state_], &host_, id) == 0) {
    record.state = PageState::kLocal;
    ++local_;
    ++evictable_;
  } else {
    record.state = PageState::kUnmovable;
    level_local_.sub(1);
  }
}

void Instance::leave_policy(PageId id) {
  policy_->remove_page(policy_state_[which_state_], &host_, id);
  --evictable_;
  --local_;
  level_local_.sub(1);
}

void Instance::pay_debt() {
  --debt_;
  level_inherited_.sub(1);
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

PageId Instance::next_victim() {
  return policy_->victim(policy_state_[which_state_], &host_);
}

Fault Instance::begin(PageId id, Nanos at) {
  PageRecord& record = pool_.record(id);
  const std::uint32_t flags = atomic::load(shared_.parameters.flags);
  Fault fault{FaultKind::kPresent, at};
  switch (record.state) {
    case PageState::kUntouched:
      fault.kind = FaultKind::kFirstTouch;
      note_managed();
      break;
    case PageState::kRemote:
      fault.kind = FaultKind::kRemote;
      break;
    case PageState::kInFlight:
      atomic::add(shared_.counters.faults_joined, std::uint64_t{1});
      return {FaultKind::kJoined, at};
    case PageState::kLocal:
    case PageState::kUnmovable:
    case PageState::kEvicting:
      return fault;
  }
  record.state = PageState::kInFlight;
  if (fault.kind == FaultKind::kRemote || (flags & DIME_CHARGE_FIRST_TOUCH) != 0) {
    fault.ready = link::fetch(link_->rx, at, kPageBytes, terms_at(at), shared_.network);
  }
  return fault;
}

void Instance::finish(PageId id, const Fault& fault, Nanos stall) {
  --rooms_;
  enter_policy(id);
  // Counted here and not in begin(), so that counters never go back for an abandoned fetch.
  dime_counters& counters = shared_.counters;
  atomic::add(
      fault.kind == FaultKind::kRemote ? counters.faults_remote : counters.faults_first_touch,
      std::uint64_t{1});
  atomic::add(counters.page_fault_count, std::uint64_t{1});
  const bool charged = (atomic::load(shared_.parameters.flags) & DIME_CHARGE_FIRST_TOUCH) != 0;
  if (fault.kind == FaultKind::kRemote || charged) {
    histogram::add(shared_.stalls, stall);
  }
}

void Instance::abandon(PageId id, const Fault& fault) {
  PageRecord& record = pool_.record(id);
  if (fault.kind == FaultKind::kRemote) {
    record.state = PageState::kRemote;
  } else {
    record.state = PageState::kUntouched;
    --managed_;
    level_managed_.sub(1);
  }
}

bool Instance::adopt(PageId id) {
  if (pool_.record(id).state != PageState::kUntouched) {
    return false;
  }
  note_managed();
  count_local(1);
  enter_policy(id);
  return true;
}

void Instance::adopt_remote(PageId id) {
  note_managed();
  pool_.record(id).state = PageState::kRemote;
}

void Instance::forget(PageId id) {
  drop(id);
  // Inherited pages that the child drops by itself are paid: no debt without a page behind it.
  if (debt_ > local_ + rooms_) {
    pay_debt();
  }
}

void Instance::drop(PageId id) {
  PageRecord& record = pool_.record(id);
  switch (record.state) {
    case PageState::kUntouched:
      return;
    case PageState::kLocal:
    case PageState::kEvicting:
      leave_local(id);
      break;
    case PageState::kRemote:
    case PageState::kInFlight:
    case PageState::kUnmovable:
      break;
  }
  record.state = PageState::kUntouched;
  --managed_;
  level_managed_.sub(1);
}

void Instance::rename(PageId from, PageId to) {
  PageRecord& old = pool_.record(from);
  PageRecord& fresh = pool_.record(to);
  fresh.slot = old.slot;
  fresh.flags = old.flags;
  fresh.state = old.state;
  old.state = PageState::kUntouched;
  if (fresh.state == PageState::kLocal) {
    // It keeps its room: given back for a moment, another member could take it.
    policy_->remove_page(policy_state_[which_state_], &host_, from);
    --evictable_;
    --local_;
    enter_policy(to);
  }
}

void Instance::set_unmovable(PageId id) {
  PageRecord& record = pool_.record(id);
  if (record.state == PageState::kLocal || record.state == PageState::kEvicting) {
    leave_local(id);
  } else if (record.state == PageState::kUntouched) {
    note_managed();
  }
  record.state = PageState::kUnmovable;
}

void Instance::bring_home(PageId id) {
  count_local(1);
  enter_policy(id);
}

void Instance::borrow(std::uint64_t pages) {
  debt_ += pages;
  level_inherited_.add(pages);
}

PageId Instance::claim_victim() {
  const PageId id = next_victim();
  if (id != kNoPage) {
    policy_->remove_page(policy_state_[which_state_], &host_, id);
    --evictable_;
    pool_.record(id).state = PageState::kEvicting;
  }
  return id;
}

/// A page that counts as local, in the policy's charge or claimed, does so no more.
void Instance::leave_local(PageId id) {
  if (pool_.record(id).state == PageState::kLocal) {
    leave_policy(id);
  } else {
    --local_;
    level_local_.sub(1);
  }
}

void Instance::closed(PageId id, Closed how, Nanos now) {
  PageRecord& record = pool_.record(id);
  switch (how) {
    case Closed::kDirty:
      atomic::add(shared_.counters.evictions_dirty, std::uint64_t{1});
      if ((atomic::load(shared_.parameters.flags) & DIME_WRITEBACK) != 0) {
        link::reserve(link_->tx, now, kPageBytes, terms_at(now).bandwidth,
                      shared_.network.schedule);
      }
      leave_local(id);
      record.state = PageState::kRemote;
      break;
    case Closed::kClean:
      atomic::add(shared_.counters.evictions_clean, std::uint64_t{1});
      leave_local(id);
      record.state = PageState::kRemote;
      break;
    case Closed::kGone:
      drop(id);
      break;
    case Closed::kBusy:
      if (record.state == PageState::kEvicting) {
        // Claimed, and in use just now: ranked as if it had just come. It keeps its room.
        --local_;
        enter_policy(id);
        break;
      }
      [[fallthrough]];
    case Closed::kRefused:
      atomic::add(shared_.counters.evictions_refused, std::uint64_t{1});
      set_unmovable(id);
      break;
  }
}

Nanos Instance::writeback_stall(Nanos now) const {
  const std::uint32_t flags = atomic::load(shared_.parameters.flags);
  const BitsPerSecond bandwidth = terms_at(now).bandwidth;
  if ((flags & DIME_WRITEBACK) == 0 || bandwidth.unlimited()) {
    return {};
  }
  const Nanos queued = link::backlog(link_->tx, now);
  const Nanos allowed{link::transfer_time(kPageBytes, bandwidth).value *
                      atomic::load(shared_.parameters.writeback_depth)};
  return queued <= allowed ? Nanos{} : now + (queued - allowed);
}

}  // namespace dime
