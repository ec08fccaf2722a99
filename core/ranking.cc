// SPDX-License-Identifier: GPL-2.0
#include "core/ranking.h"

namespace dime {
namespace {

const RankingServices& services_of(void* context) {
  return *static_cast<const RankingServices*>(context);
}

dime_policy_page* page_bytes(void* context, std::uint32_t page) {
  return &services_of(context).pool->record(page).policy;
}

dime_policy_page* more_page_bytes(void* context, std::uint32_t page) {
  return services_of(context).pool->more(page);
}

bool needs_more(const dime_policy_ops& policy) {
  return policy.page_bytes > sizeof(dime_policy_page);
}

bool is_called(const dime_policy_ops& policy) {
  return (policy.flags & DIME_POLICY_ARRIVAL_ORDER) == 0;
}

bool keeps_ghosts(const dime_policy_ops& policy) {
  return (policy.flags & DIME_POLICY_GHOSTS) != 0 && policy.forget != nullptr;
}

bool is_eviction(dime_leave why) {
  return why == DIME_LEAVE_EVICTED || why == DIME_LEAVE_CLEAN || why == DIME_LEAVE_DIRTY;
}

}  // namespace

void Ranking::attach(const RankingServices& services, unsigned set) {
  services_ = &services;
  set_ = set;
  host_.context = const_cast<RankingServices*>(&services);
  host_.limit = 1;
  host_.page = page_bytes;
  host_.allocate = [](void* context, std::uint64_t bytes) {
    return services_of(context).memory->allocate(bytes);
  };
  host_.release = [](void* context, void* block, std::uint64_t bytes) {
    services_of(context).memory->release(block, bytes);
  };
  host_.test_and_clear_accessed = [](void* context, std::uint32_t page) {
    const RankingServices& of = services_of(context);
    return of.accessed == nullptr ? int{DIME_ACCESSED_UNKNOWN}
                                  : of.accessed(of.accessed_context, page);
  };
  host_.address = [](void* context, std::uint32_t page) {
    return services_of(context).pool->page(page).address();
  };
}

bool Ranking::start(const dime_policy_ops& policy, void* state, const std::uint64_t* values,
                    std::uint64_t seed) {
  auto* const bytes = static_cast<std::uint8_t*>(state);
  for (unsigned i = 0; i < DIME_POLICY_STATE_BYTES; ++i) {
    bytes[i] = 0;
  }
  if (policy.state_bytes > DIME_POLICY_STATE_BYTES || policy.page_bytes > DIME_POLICY_PAGE_BYTES ||
      policy.parameter_count > DIME_POLICY_PARAMETERS) {
    return false;
  }
  std::uint64_t defaults[DIME_POLICY_PARAMETERS] = {};
  for (unsigned i = 0; i < policy.parameter_count; ++i) {
    defaults[i] = policy.parameters[i].otherwise;
  }
  dime_policy_host host = host_;
  host.parameters = values != nullptr ? values : defaults;
  host.seed = seed;
  host.sees = services_->sees;
  host.resident = 0;
  if (!dime::is_called(policy) || policy.init == nullptr) {
    return true;
  }
  return policy.init(&policy, state, &host) == 0;
}

bool Ranking::use(const dime_policy_ops& policy, const std::uint64_t* values, std::uint64_t seed,
                  Lost lost, void* context) {
  void* const fresh = states_[state_ == states_[0] ? 1 : 0];
  if (!start(policy, fresh, values, seed)) {
    return false;
  }
  const dime_policy_ops* const old = policy_;
  void* const old_state = state_;
  // A page has one record, so it leaves the old policy before it enters the new one. Pages on their
  // way wait in a list through their own links.
  ArrivalOrder moving = {kNoPage, kNoPage};
  const Links links{*services_->pool};
  while (old != nullptr && host_.resident != 0) {
    const PageId id = victim(kNoPage);
    if (id == kNoPage) {
      break;
    }
    PageRecord& record = services_->pool->record(id);
    remove(id, record, DIME_LEAVE_SWITCHED);
    moving.add(id, record.policy, links);
  }
  if (old != nullptr && dime::is_called(*old)) {
    if (keeps_ghosts(*old)) {
      services_->pool->for_each_record([this](PageRecord& record) {
        if (record.set == set_) {
          record.known = 0;
        }
      });
    }
    old->clean(old_state, &host_);
  }
  apply(policy, fresh);
  host_.seed = seed;
  host_.resident = 0;
  while (moving.oldest != kNoPage) {
    const PageId id = moving.oldest;
    PageRecord& record = services_->pool->record(id);
    moving.remove(record.policy, links);
    if (!add(id, record, DIME_ENTER_SWITCHED)) {
      lost(context, id);
    }
  }
  return true;
}

void Ranking::apply(const dime_policy_ops& policy, void* state) {
  policy_ = &policy;
  state_ = state;
  called_ = dime::is_called(policy);
  by_arrival_ = !called_ || policy.victim == nullptr;
  order_ = {kNoPage, kNoPage};
  host_.page = needs_more(policy) ? more_page_bytes : page_bytes;
  if (needs_more(policy)) {
    services_->pool->want_more();
  }
  host_.sees = services_->sees;
}

void Ranking::clean() {
  if (policy_ != nullptr && called_) {
    policy_->clean(state_, &host_);
  }
  policy_ = nullptr;
}

void Ranking::describe(PageId id, std::uint8_t why, std::uint8_t tier) {
  dime_event& event = host_.event;
  event.page = id;
  event.from = kNoPage;
  event.why = why;
  event.access = services_->access;
  event.tier = tier;
  event.known = 0;
  event.thread = services_->thread;
  event.time_ns = services_->time_ns;
  event.next_use = DIME_NEVER;
}

bool Ranking::tell_added(PageId id, PageRecord& record, dime_enter why, PageId from) {
  if (needs_more(*policy_) && !services_->pool->obtain_more(id)) {
    return false;
  }
  describe(id, static_cast<std::uint8_t>(why), record.tier);
  host_.event.from = from;
  host_.event.known = record.known;
  record.known = 0;
  return policy_->add_page(state_, &host_, id) == 0;
}

void Ranking::tell_removed(PageId id, PageRecord& record, dime_leave why) {
  if (policy_->remove_page != nullptr) {
    describe(id, static_cast<std::uint8_t>(why), record.tier);
    policy_->remove_page(state_, &host_, id);
  }
  record.known = keeps_ghosts(*policy_) && is_eviction(why) ? 1 : 0;
}

void Ranking::tell_forgotten(PageId id, PageRecord& record) {
  describe(id, DIME_LEAVE_DROPPED, record.tier);
  policy_->forget(state_, &host_, id);
  record.known = 0;
}

PageId Ranking::ask_victim(PageId for_page) {
  describe(for_page, DIME_ENTER_DEMAND, 0);
  if (for_page != kNoPage) {
    const PageRecord& record = services_->pool->record(for_page);
    host_.event.tier = record.tier;
    host_.event.known = record.known;
  }
  const PageId victim = policy_->victim(state_, &host_);
  return can_be_victim(victim) ? victim : kNoPage;
}

/// Policies can be of users: a page that is not local has no data to evict.
bool Ranking::can_be_victim(PageId id) const {
  const PagePool& pool = *services_->pool;
  return pool.holds(id) && pool.record(id).state == PageState::kLocal;
}

unsigned Ranking::select(PageId for_page, PageId* pages, unsigned most) {
  if (!by_arrival_) {
    if (policy_->select == nullptr) {
      return 0;
    }
    describe(for_page, DIME_ENTER_DEMAND, 0);
    const unsigned named = policy_->select(state_, &host_, pages, most);
    unsigned usable = 0;
    while (usable < named && usable < most && can_be_victim(pages[usable])) {
      ++usable;
    }
    return usable;
  }
  unsigned count = 0;
  for (PageId id = order_.oldest; id != kNoPage && count < most; ++count) {
    pages[count] = id;
    id = services_->pool->record(id).policy.next;
  }
  return count;
}

void Ranking::defer(PageId victim) {
  PageRecord& record = services_->pool->record(victim);
  if (by_arrival_) {
    const Links links{*services_->pool};
    order_.remove(record.policy, links);
    order_.add(victim, record.policy, links);
  } else if (policy_->defer != nullptr) {
    describe(victim, DIME_ENTER_RETURNED, record.tier);
    policy_->defer(state_, &host_, victim);
  } else {
    tell_removed(victim, record, DIME_LEAVE_EVICTED);
    // What was in the policy's charge a moment ago has its memory.
    static_cast<void>(tell_added(victim, record, DIME_ENTER_RETURNED, kNoPage));
  }
}

void Ranking::resized() {
  if (policy_ != nullptr && policy_->resize != nullptr) {
    policy_->resize(state_, &host_);
  }
}

void Ranking::tick() {
  if (policy_ != nullptr && called_ && policy_->tick != nullptr) {
    describe(kNoPage, 0, 0);
    policy_->tick(state_, &host_);
  }
}

}  // namespace dime
