// SPDX-License-Identifier: GPL-2.0
// Pages that the kernel is going to touch. It would take them one by one; who knows a whole buffer
// beforehand asks for several pages at once, as a program on a real far memory would.
//
// A thread that has claimed several pages waits for no page of another thread's, or two could wait
// for each other: what others fetch or evict is left to the fault of each page.
#include "engines/user/agent/clock.h"
#include "engines/user/agent/inline/page_views.h"
#include "engines/user/agent/inline/path.h"

namespace dime::agent {
namespace {

// Of the limit of the pages' set: several threads may do this at once, and what is claimed cannot
// be evicted.
constexpr std::uint64_t kPartOfLimit = 8;
constexpr std::uint64_t kLook =
    std::uint64_t{4} * Thread::kClaims;  // pages, for what one request can fetch
constexpr Nanos kMostToOpen{5'000};

}  // namespace

bool InlinePath::is_resident(std::uint64_t address) {
  Space& space = manager_.space();
  const PageId id = space.table().find(PageNumber::of(address));
  if (id != kNoPage) {
    const PageRecord& record = manager_.instance().pool().record(id);
    switch (state_of(record)) {
      case PageState::kLocal:
        return is_mapped(record);
      case PageState::kUnmovable:
        return true;
      case PageState::kUntouched:
        break;
      default:
        return false;
    }
  }
  return !managed_.contains(address) || guards_.contains(address);
}

bool InlinePath::are_resident(AddressRange range) {
  std::uint64_t at = range.begin & ~(kPageBytes - 1);
  while (at < range.end && is_resident(at)) {
    at += kPageBytes;
  }
  return at >= range.end;
}

void InlinePath::make_resident(AddressRange range, Thread& thread) {
  range.end = range.end < kAddressSpaceEnd ? range.end : kAddressSpaceEnd;
  range.begin &= ~(kPageBytes - 1);
  for (std::uint64_t at = range.begin; at < range.end; at += kPageBytes) {
    if (is_resident(at)) {
      continue;
    }
    const SignalsBlocked blocked;
    if (range.end - at > kPageBytes && !Threads::is_shared(thread)) {
      fetch_together({at, range.end}, thread);
    }
    while (!is_resident(at)) {
      fault(at, /*writes=*/false, thread, nullptr);
    }
  }
}

/// Claims the first remote pages of `range` that are of one tier, as many as one request may fetch.
/// Under the lock.
void InlinePath::claim_remote(AddressRange range, Thread& thread) {
  Instance& instance = manager_.instance();
  PageTable& table = manager_.space().table();
  std::uint64_t most = Thread::kClaims;
  std::uint8_t tier = 0;
  const std::uint64_t far = range.begin + kLook * kPageBytes;
  range.end = range.end < far ? range.end : far;
  thread.claim_count = 0;
  for (std::uint64_t at = range.begin; at < range.end && thread.claim_count < most;
       at += kPageBytes) {
    const PageId id = table.find(PageNumber::of(at));
    if (id == kNoPage) {
      return;  // never touched: nothing to fetch, and with it all that lies around it
    }
    const PageRecord& record = instance.pool().record(id);
    if (record.state != PageState::kRemote) {
      continue;
    }
    if (thread.claim_count == 0) {
      tier = record.tier;
      const std::uint64_t part = instance.limit_for(id) / kPartOfLimit;
      most = part < most ? part : most;
    } else if (record.tier != tier) {
      return;
    }
    thread.claim(id);
  }
}

void InlinePath::fetch_together(AddressRange range, Thread& thread) {
  const Nanos entry = clock::now();
  const CallStack* const stack = take_stack(thread);
  Instance& instance = manager_.instance();
  gate_.enter();
  lock_.lock();
  claim_remote(range, thread);
  const std::uint32_t count = thread.claim_count;
  if (count < 2) {
    thread.claim_count = 0;
    lock_.unlock();
    gate_.leave();
    return;
  }
  PageId pages[Thread::kClaims];
  for (std::uint32_t i = 0; i < count; ++i) {
    pages[i] = thread.claims[i].page;
  }
  describe_access(DIME_ACCESS_UNKNOWN, thread, stack);
  const Fault fault = instance.begin_together(pages, count, entry);
  const Nanos after = moves_.home();
  const Nanos spare = fault.ready - entry - after;
  Nanos release = fault.ready - after - Nanos{open_takes_.value * (count - 1)};
  for (std::uint32_t i = 0; i < count; ++i) {
    Claim& claim = thread.claims[i];
    if (!claim.cancelled) {
      release = later(release, make_room_for(claim, spare, entry));
    }
  }
  lock_.unlock();
  gate_.leave();
  if (release > entry) {
    wait(release, nullptr);
  }
  gate_.enter();
  open_together(thread, fault, entry);
  gate_.leave();
}

/// Moves in what was not cancelled; in the gate, so nothing is from here on. The stall is that of
/// the whole request, and recorded with its last page.
void InlinePath::open_together(Thread& thread, const Fault& fault, Nanos entry) {
  std::uint32_t left = 0;
  for (std::uint32_t i = 0; i < thread.claim_count; ++i) {
    left += thread.claims[i].cancelled ? 0 : 1;
  }
  const std::uint32_t opened = left;
  const Nanos begin = clock::now();
  for (std::uint32_t i = 0; i < thread.claim_count; ++i) {
    const PageId page = thread.claims[i].page;
    if (thread.claims[i].cancelled) {
      continue;
    }
    Fault own = fault;
    own.stall_is_anothers = --left != 0;
    const Nanos now = clock::now();
    if (open(page, own, now)) {
      manager_.count_for_call(page, own);
      manager_.finish(page, own, now, now - entry + moves_.home());
      fetch_ahead_for(page, DIME_PREFETCH_MISS, entry);
    }
    lock_.unlock();
  }
  lock_.lock();
  if (opened > 1) {
    // A running mean, in which one disturbance does not weigh much.
    const std::uint64_t took = (clock::now() - begin).value / opened;
    open_takes_ = {(open_takes_.value * 7 + (took < kMostToOpen.value ? took : kMostToOpen.value)) /
                   8};
  }
  thread.claim_count = 0;
  lock_.unlock();
}

}  // namespace dime::agent
