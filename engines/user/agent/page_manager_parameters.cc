// SPDX-License-Identifier: GPL-2.0
// The manager between faults: start and end, live changes of the parameters, memory that came
// unnoticed, and the record in the control block.
#include "core/atomic.h"
#include "core/link.h"
#include "engines/user/agent/mappings.h"
#include "engines/user/agent/page_manager.h"

namespace dime::agent {
namespace {

constexpr std::uint32_t kEverything = 10'000;  // local_share of 100 %

}  // namespace

long PageManager::start(AddressRange image, AddressRange thread_area) {
  if (const long made = space_.create(); failed(made)) {
    return made;
  }
  space_.exclude(thread_area);
  return begin(image, /*for_children=*/false);
}

long PageManager::start_for_threads(AddressRange image, Regions& managed, Regions& excluded,
                                    Threads& threads) {
  const bool copies = control_.mechanism == DIME_MECHANISM_COPY;
  if (const long made = space_.create_for_threads(managed, excluded, threads, copies);
      failed(made)) {
    return made;
  }
  return begin(image, /*for_children=*/true);
}

long PageManager::begin(AddressRange image, bool for_children) {
  if (const long loaded = load_own(for_children); failed(loaded)) {
    return loaded;
  }
  space_.exclude(image);
  neighbours_.start(membership_);
  follow_parameters();
  if (instance().policy() == nullptr) {
    stop();
    return -ENOMEM;
  }
  if (inherited_) {
    space_.inherit_pages();
  }
  start_events();
  started_ = true;
  return 0;
}

/// What the user has written for the instance, which is nothing as a rule.
long PageManager::load_own(bool for_children) {
  const long policy = own_policy_.load(membership_, Membership::kPolicyFile, for_children);
  if (failed(policy) && policy != -ENOENT) {
    return policy;
  }
  const long loaded = own_prefetcher_.load(membership_, Membership::kPrefetcherFile, for_children);
  return loaded == -ENOENT ? 0 : loaded;
}

/// Without a recording, nothing.
void PageManager::start_events() {
  if (membership_.events() != nullptr) {
    const dime_member& member = membership_.member();
    instance().events().start(*membership_.events(), member.pid, member.parent_pid,
                              {clock::now, [] { clock::sleep(Nanos{1'000'000}); }});
  }
}

long PageManager::continue_in_child() {
  inherited_ = true;
  space_.inherit_pages();
  neighbours_.close();
  neighbours_.start(membership_);
  surveyed_ = 0;
  dime_member& member = membership_.member();
  instance().continue_in_child(
      {&member.local_pages, &member.managed_pages, &member.inherited_pages, &member.evictions},
      control_.tier_parts[&member - control_.members]);
  start_events();
  space_.note_inherited();
  return space_.reopen();
}

void PageManager::stop(bool closes) {
  if (!closes) {
    space_.disown();
    neighbours_.disown();
    return;
  }
  // Closing the descriptor unregisters everything and lets every waiting thread go on.
  space_.destroy();
  neighbours_.close();
}

/// No page ever has to leave: neither the instance nor a tier has fewer pages than there are.
bool PageManager::all_is_local() const {
  bool all = atomic::load(control_.parameters.local_share) >= kEverything;
  for (const dime_tier& tier : control_.placement.tiers) {
    all = all && ((atomic::load(tier.own) & DIME_OWN_LOCAL) == 0 ||
                  atomic::load(tier.local_share) >= kEverything);
  }
  return all;
}

void PageManager::start_managing() {
  if (all_is_local() || manages_ || retired_) {
    return;
  }
  // What survey() counted is counted page by page from now on.
  count_surveyed(0);
  const std::uint64_t known = instance().managed_pages();
  space_.keep_stacks();
  // A child's memory is watched by its parent's handler until that has filled it.
  long taken = space_.adopt_new();
  for (unsigned tries = 0; taken == -EBUSY && tries < 50'000; ++tries) {
    clock::sleep(Nanos{100'000});
    taken = space_.adopt_new();
  }
  manages_ = true;
  if (!inherited_) {
    count_adopted(instance().managed_pages() - known);
  }
}

/// Pages that were touched before they were managed are first touches all the same.
void PageManager::count_adopted(std::uint64_t pages) {
  atomic::add(control_.counters.faults_first_touch, pages);
  atomic::add(control_.counters.page_fault_count, pages);
  atomic::add(membership_.member().faults_first_touch, pages);
}

/// Memory that was mapped without the C library's mmap: by the loader, or by a system call of the
/// program's own.
void PageManager::adopt_late() {
  if (!manages_ || paused_) {
    return;
  }
  if (const long taken = space_.adopt_new(); taken > 0) {
    const auto late = static_cast<std::uint64_t>(taken);
    atomic::add(control_.counters.late_adopted, late);
    count_adopted(late);
  }
}

void PageManager::follow_parameters() {
  const std::uint64_t sequence = atomic::load_acquire(control_.parameters.sequence);
  if (sequence == parameters_ || sequence % 2 != 0) {
    return;
  }
  parameters_ = sequence;
  follow_policy(0, control_.parameters.policy);
  follow_prefetch(0, control_.parameters.prefetch);
  use_link();
  follow_placement();
  follow_write_back();
  if (started_) {
    start_managing();
  }
}

/// Whether an eviction is clean matters where writing back takes time, and only there it is looked
/// at.
void PageManager::follow_write_back() {
  const dime_parameters& parameters = control_.parameters;
  bool limited =
      !link::write_bandwidth(parameters, {atomic::load(parameters.bandwidth_bps)}).unlimited();
  const dime_schedule& schedule = control_.schedule;
  const std::uint32_t steps = atomic::load_acquire(schedule.count);
  for (std::uint32_t i = 0; i < steps && i < DIME_MAX_STEPS; ++i) {
    limited = limited || (schedule.steps[i].what & DIME_STEP_BANDWIDTH) != 0;
  }
  for (const dime_tier& tier : control_.placement.tiers) {
    limited = limited || ((atomic::load(tier.own) & DIME_OWN_BANDWIDTH) != 0 &&
                          atomic::load(tier.bandwidth_bps) != 0);
  }
  space_.tell_clean(limited && (atomic::load(parameters.flags) & DIME_WRITEBACK) != 0);
}

void PageManager::use_link() {
  if (control_.parameters.link[0] == '\0') {
    instance().use_link(control_.link);
    return;
  }
  if (dime_link* const link = membership_.named_link(control_.parameters.link); link != nullptr) {
    instance().use_link(*link);
  }
}

void PageManager::survey() {
  if (manages_) {
    return;
  }
  const std::uint64_t pages = space_.survey();
  if (pages > surveyed_) {
    count_adopted(pages - surveyed_);
  }
  count_surveyed(pages);
}

/// Takes `pages` for the local and managed pages of this process. Differences wrap where there are
/// fewer than before, and add correctly all the same.
void PageManager::count_surveyed(std::uint64_t pages) {
  if (pages == surveyed_) {
    return;
  }
  dime_member& member = membership_.member();
  const std::uint64_t change = pages - surveyed_;
  surveyed_ = pages;
  atomic::add(member.local_pages, change);
  atomic::add(member.managed_pages, change);
  const std::uint64_t local = atomic::add(control_.levels.local_pages, change);
  const std::uint64_t managed = atomic::add(control_.levels.managed_pages, change);
  if (pages != 0) {
    atomic::raise(control_.levels.local_peak, local);
    atomic::raise(control_.levels.managed_peak, managed);
  }
}

Nanos PageManager::until_next_tick(Nanos took) {
  constexpr Nanos kLongest{1'000'000'000};
  const Nanos wanted = later(kTick, Nanos{took.value * 1'000});
  return wanted > kLongest ? kLongest : wanted;
}

void PageManager::count_pages() {
  survey();
  const std::uint64_t pages = resident_file_pages();
  std::uint64_t& own = membership_.member().unmanaged_pages;
  const std::uint64_t change =
      pages - atomic::load(own);  // wraps where there are fewer, and adds correctly all the same
  atomic::store(own, pages);
  atomic::raise(control_.levels.unmanaged_peak,
                atomic::add(control_.levels.unmanaged_pages, change));
}

}  // namespace dime::agent
