// SPDX-License-Identifier: GPL-2.0
// Room within the shared limit, and the debts. What the manager does with the parameters and the
// record is in page_manager_parameters.cc.
#include "engines/user/agent/page_manager.h"

#include "core/atomic.h"

namespace dime::agent {
namespace {

constexpr Nanos kWaitForOthers{1'000'000};
constexpr unsigned kMostSteps = 64;  // victims that were in use, or waits for others

OwnLevels own_levels(dime_member& member) {
  return {&member.local_pages, &member.managed_pages, &member.inherited_pages, &member.evictions};
}

}  // namespace

PageManager::PageManager(Arena& arena, Membership& membership, bool inherited)
    : membership_(membership),
      control_(membership.control()),
      space_(arena, {control_.parameters,
                     control_.counters,
                     control_.levels,
                     control_.stall_ns,
                     own_levels(membership_.member()),
                     {&control_.jitter, &control_.fetch_times, &control_.schedule},
                     {control_.placement.tiers, control_.tier_uses,
                      control_.tier_parts[&membership_.member() - control_.members]}}),
      prefetches_(arena),
      inherited_(inherited) {}

Nanos PageManager::make_room(PageId page) {
  if (paused_ || thrashes(page)) {
    force_room(page);
    return {};
  }
  if (instance().shares_limit(page) && instance().full()) {
    neighbours_.ask(instance().local_pages(), instance().limit(), clock::now());
    if (instance().counted_pages() < Neighbours::kept(instance().limit()) && !room_from_others()) {
      force_room(page);
      return {};
    }
  }
  const Room room = instance().make_room(page, clock::now(), [this](PageId victim) {
    note_victim(victim);
    return space_.close(victim);
  });
  if (!room.made) {
    force_room(page);
  }
  return room.writeback_end;
}

PageManager::Step PageManager::room_step(PageId page, unsigned steps, Nanos now, PageId& victim) {
  if (paused_ || (steps == 0 && thrashes(page)) || steps >= kMostSteps) {
    force_room(page);
    return Step::kMade;
  }
  if (instance().try_room(page)) {
    return Step::kMade;
  }
  if (instance().shares_limit(page)) {
    const std::uint64_t limit = instance().limit();
    const bool asked = neighbours_.ask(instance().local_pages(), limit, now);
    if (asked && instance().counted_pages() < Neighbours::kept(limit)) {
      return Step::kWait;
    }
  }
  victim = instance().claim_victim(page);
  if (victim == kNoPage) {
    force_room(page);
    return Step::kMade;
  }
  note_victim(victim);
  return Step::kEvict;
}

void PageManager::force_room(PageId page) {
  instance().borrow_for(page);
  instance().force_room(page);
}

void PageManager::finish(PageId page, const Fault& fault, Nanos at, Nanos stall) {
  instance().finish(page, fault, stall);
  dime_member& member = membership_.member();
  if (fault.kind == FaultKind::kRemote) {
    atomic::add(member.faults_remote, std::uint64_t{1});
    if (!fault.stall_is_anothers) {
      atomic::add(member.stall_ns_sum, stall.value);
    }
  } else {
    atomic::add(member.faults_first_touch, std::uint64_t{1});
    if (const unsigned behind = space_.open_behind(page); behind != 0) {
      count_adopted(behind);
    }
  }
  member.last_fault_ns = at.value;
  if (grace_ != 0) {
    --grace_;
  } else if (instance().may_have_excess()) {
    // Where all others are pinned, by the buffers of a system call, this one would go, and be
    // fetched again for ever.
    repay_debt(at, 2, page);
  }
}

void PageManager::count_for_call(PageId page, const Fault& fault) {
  if (fault.kind == FaultKind::kRemote) {
    instance().count_for_call(page);
    atomic::add(membership_.member().faults_system_call, std::uint64_t{1});
  }
}

void PageManager::note_victim(PageId id) {
  recent_victims_[next_victim_++ % kRing] = id;
}

// An instruction may need several pages at once. Where the limit is smaller than that, they evict
// one another for ever. A long run of faults on pages that went only just now is taken for that;
// then the limit gives way for a few faults. Once seen, it is recognised sooner, until it has not
// been seen for a while.
bool PageManager::thrashes(PageId id) {
  bool just_evicted = false;
  for (const PageId victim : recent_victims_) {
    just_evicted = just_evicted || victim == id;
  }
  thrash_ = just_evicted ? thrash_ + 1 : 0;
  ++faults_since_thrash_;
  if (thrash_ >= thrash_limit_) {
    thrash_ = 0;
    thrash_limit_ = kThrashSoon;
    faults_since_thrash_ = 0;
    grace_ = kRing;
  } else if (faults_since_thrash_ > kThrashLimit) {
    thrash_limit_ = kThrashLimit;
  }
  return grace_ != 0;
}

/// At the limit, with so few pages that evicting them would only fetch them again at once: waits a
/// bounded time until another member has made room. False where there is none, and the page has to
/// be had above the limit.
bool PageManager::room_from_others() {
  const Nanos start = clock::now();
  for (Nanos now = start; now - start < kWaitForOthers; now = clock::now()) {
    if (!instance().full()) {
      return true;
    }
    if (!neighbours_.ask(instance().local_pages(), instance().limit(), now)) {
      return false;
    }
    clock::sleep(Nanos{20'000});
  }
  return false;
}

void PageManager::repay_debt(Nanos now, std::uint64_t most, PageId spared) {
  if (paused_) {
    return;
  }
  const auto close = [this, spared](PageId victim) {
    return victim == spared ? Closed::kBusy : space_.close(victim);
  };
  const std::uint64_t kept = Neighbours::kept(instance().limit());
  if (instance().local_pages() > kept) {
    const std::uint64_t own = instance().local_pages() - kept;
    const std::uint64_t repaid = instance().repay(now, most < own ? most : own, close);
    instance().trim(now, (most < own ? most : own) - repaid, close);
  }
  instance().trim_tiers(now, most, close);
}

void PageManager::give_back() {
  const std::uint32_t asked = atomic::exchange(membership_.member().give_back, 0u);
  if (paused_ || instance().local_pages() <= 1) {
    return;
  }
  const std::uint64_t spare = instance().local_pages() - 1;
  instance().evict(clock::now(), asked < spare ? asked : spare,
                   [this](PageId victim) { return space_.close(victim); });
}

}  // namespace dime::agent
