// SPDX-License-Identifier: GPL-2.0
// What the handler does between faults: start and end, requests of the program's threads, live
// changes of the parameters, debts and limits, and its record in the control block.
#include <linux/close_range.h>
#include <linux/fcntl.h>
#include <linux/mman.h>

#include "core/atomic.h"
#include "engines/user/agent/clock.h"
#include "engines/user/agent/handler.h"
#include "engines/user/agent/mappings.h"
#include "policies/registry.h"

namespace dime::agent {
namespace {

constexpr Nanos kTick{20'000'000};
constexpr Nanos kLongestTick{1'000'000'000};
constexpr std::uint64_t kTrimStep = 64;  // evictions between two looks at the faults
constexpr Nanos kWaitForOthers{1'000'000};
constexpr std::uint32_t kEverything = 10'000;  // local_share of 100 %

}  // namespace

long Handler::prepare() {
  // From here on this thread has its own table of descriptors, with nothing of the program's in it.
  system_call(__NR_close_range, 0L, 0xffffffffL, 0L);
  if (const long made = space_.create(); failed(made)) {
    return made;
  }
  start_.fork_events = space_.follows_raw_forks();
  space_.exclude(start_.image);
  space_.exclude(start_.thread_area);
  const AddressRange box = mailbox_.range();
  if (const long registered = space_.faults().register_missing(box); failed(registered)) {
    space_.destroy();
    return registered;
  }
  neighbours_.start(membership_);
  placement_.start(start_.rseq, start_.thread, control_.calibration);
  follow_parameters();
  if (space_.instance().policy() == nullptr) {
    space_.destroy();
    return -ENOMEM;
  }
  if (start_.inherited) {
    space_.inherit_pages();
  }
  spread_out();
  tick_length_ = kTick;
  next_tick_ = clock::now() + kTick;
  atomic::store(membership_.member().handler_tid,
                static_cast<std::uint32_t>(system_call(__NR_gettid)));
  atomic::store_release(membership_.member().state, std::uint32_t{DIME_MEMBER_ACTIVE});
  return 0;
}

/// Starts to manage memory, unless everything may be local anyway: then nothing is registered and
/// nothing costs anything.
void Handler::spread_out() {
  const bool everything = atomic::load(control_.parameters.local_share) >= kEverything;
  if (everything || spread_ == Spread::kManaged) {
    return;
  }
  Instance& instance = space_.instance();
  // What survey() counted is counted page by page from now on.
  count_surveyed(0);
  const std::uint64_t known = instance.managed_pages();
  // A child's memory is watched by its parent's handler until that has filled it.
  long taken = space_.adopt_new();
  for (unsigned tries = 0; taken == -EBUSY && tries < 50'000; ++tries) {
    clock::sleep(Nanos{100'000});
    taken = space_.adopt_new();
  }
  spread_ = Spread::kManaged;
  if (!start_.inherited) {
    count_adopted(instance.managed_pages() - known);
  }
}

/// Pages that were touched before they were managed are first touches all the same.
void Handler::count_adopted(std::uint64_t pages) {
  atomic::add(control_.counters.faults_first_touch, pages);
  atomic::add(control_.counters.page_fault_count, pages);
  atomic::add(membership_.member().faults_first_touch, pages);
}

void Handler::on_request(std::uint64_t page) {
  const Request request = mailbox_.request();
  switch (request.kind) {
    case RequestKind::kMapped:
    case RequestKind::kMappedWritable:
      if (spread_ == Spread::kManaged && space_.adopt({request.begin, request.end}) == 0 &&
          request.kind == RequestKind::kMappedWritable) {
        space_.prime(request.begin);
      }
      break;
    case RequestKind::kComeHome:
      paused_ = true;
      space_.bring_all_home([this] { read_messages(); });
      break;
    case RequestKind::kForkDone:
      paused_ = false;
      break;
    case RequestKind::kLeave:
      survey();
      count_unmanaged();
      membership_.remove_if_last();
      break;
  }
  // Fill the page to let the sender go on; the one half the mailbox away is made a hole again for
  // the next round.
  page &= ~(kPageBytes - 1);
  while (!space_.fill(page)) {
    read_messages();
  }
  const AddressRange box = mailbox_.range();
  space_.empty((page - box.begin + box.bytes() / 2) % box.bytes() + box.begin);
}

void Handler::settle(Nanos now, std::uint64_t most) {
  if (paused_) {
    return;
  }
  const auto close = [this](PageId victim) { return space_.close(victim); };
  Instance& instance = space_.instance();
  const std::uint64_t kept = Neighbours::kept(instance.limit());
  if (instance.local_pages() > kept) {
    const std::uint64_t own = instance.local_pages() - kept;
    const std::uint64_t repaid = instance.repay(now, most < own ? most : own, close);
    instance.trim(now, (most < own ? most : own) - repaid, close);
  }
}

/// Evicts what another member has asked for.
void Handler::give_back() {
  const std::uint32_t asked = atomic::exchange(membership_.member().give_back, 0u);
  Instance& instance = space_.instance();
  if (paused_ || instance.local_pages() <= 1) {
    return;
  }
  const std::uint64_t spare = instance.local_pages() - 1;
  instance.evict(clock::now(), asked < spare ? asked : spare,
                 [this](PageId victim) { return space_.close(victim); });
}

/// At the limit, with so few pages that evicting them would only bring them back at once: waits a
/// bounded time until another member has made room. False where there is none, and the page has to
/// be had above the limit.
bool Handler::room_from_others() {
  const Nanos start = clock::now();
  Instance& instance = space_.instance();
  for (Nanos now = start; now - start < kWaitForOthers; now = clock::now()) {
    if (!instance.full()) {
      return true;
    }
    if (!neighbours_.ask(instance.local_pages(), instance.limit(), now)) {
      return false;
    }
    clock::sleep(Nanos{20'000});
  }
  return false;
}

void Handler::tick() {
  follow_parameters();
  if (atomic::load(membership_.member().command) == DIME_COMMAND_DETACH) {
    detach();
    return;
  }
  const Nanos before = clock::now();
  if (spread_ == Spread::kNothing) {
    survey();
  } else if (const long taken = space_.adopt_new(); taken > 0) {
    // Mapped without the C library's mmap: by the loader, or by a system call of the program's own.
    const auto late = static_cast<std::uint64_t>(taken);
    atomic::add(control_.counters.late_adopted, late);
    count_adopted(late);
  }
  // Debts and a lowered limit are worked off here, in steps between which faults are served.
  const Instance& instance = space_.instance();
  std::uint64_t before_step = instance.local_pages() + 1;
  while (instance.local_pages() < before_step) {
    before_step = instance.local_pages();
    settle(clock::now(), kTrimStep);
    served_ = read_messages() || served_;
    release_due();
  }
  membership_.reap();
  count_unmanaged();
  placement_.on_tick();
  const Nanos now = clock::now();
  // A survey walks the page tables: at most a thousandth of the time goes into it.
  tick_length_ = later(kTick, Nanos{(now - before).value * 1'000});
  tick_length_ = tick_length_ > kLongestTick ? kLongestTick : tick_length_;
  next_tick_ = now + tick_length_;
}

void Handler::follow_parameters() {
  const std::uint64_t sequence = atomic::load_acquire(control_.parameters.sequence);
  if (sequence == parameters_ || sequence % 2 != 0) {
    return;
  }
  parameters_ = sequence;
  Instance& instance = space_.instance();
  const dime_policy_ops* const policy = policies::find(control_.parameters.policy);
  if (policy != nullptr && policy != instance.policy()) {
    const auto slot = static_cast<std::uint64_t>(&membership_.member() - control_.members);
    instance.use_policy(*policy, (std::uint64_t{control_.instance_id} << 16) + slot + 1);
  }
  use_link();
  if (next_tick_.value != 0) {
    spread_out();
  }
}

void Handler::use_link() {
  if (control_.parameters.link[0] == '\0') {
    space_.instance().use_link(control_.link);
    return;
  }
  if (dime_link* const link = membership_.named_link(control_.parameters.link); link != nullptr) {
    space_.instance().use_link(*link);
  }
}

void Handler::survey() {
  if (spread_ != Spread::kNothing) {
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
void Handler::count_surveyed(std::uint64_t pages) {
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

/// Resident memory that stays local outside the limit: of files, and shared.
void Handler::count_unmanaged() {
  const std::uint64_t pages = resident_file_pages();
  std::uint64_t& own = membership_.member().unmanaged_pages;
  const std::uint64_t change =
      pages - atomic::load(own);  // wraps where there are fewer, and adds correctly all the same
  atomic::store(own, pages);
  atomic::raise(control_.levels.unmanaged_peak,
                atomic::add(control_.levels.unmanaged_pages, change));
}

void Handler::detach() {
  atomic::store_release(membership_.member().state, std::uint32_t{DIME_MEMBER_LEAVING});
  atomic::store_release(*start_.leave, 1u);
  paused_ = true;
  space_.bring_all_home([this] { read_messages(); });
  mailbox_.close();
  // Closing the descriptor unregisters everything and lets every waiting thread go on.
  space_.destroy();
  neighbours_.close();
  membership_.leave(DIME_MEMBER_DETACHED);
  serving_ = false;
}

}  // namespace dime::agent
