// SPDX-License-Identifier: GPL-2.0
// The loop, the faults and their release. What is done between faults is in requests.cc and the
// manager.
#include "engines/user/agent/handler.h"

#include <linux/poll.h>

#include "core/atomic.h"
#include "engines/user/agent/clock.h"

namespace dime::agent {
namespace {

constexpr Nanos kSpinBelow{100'000};  // stalls longer than this are slept through, but for a margin
constexpr Nanos kEvictionTakes{40'000};

}  // namespace

Handler::Handler(HandlerStart& start)
    : start_(start),
      membership_(*start.membership),
      mailbox_(*start.mailbox),
      control_(start.membership->control()),
      manager_(*start.arena, membership_, start.inherited),
      space_(manager_.space()) {}

int Handler::run() {
  const long prepared = prepare();
  start_.result = static_cast<std::int32_t>(prepared);
  serving_ = prepared == 0;
  atomic::store_release(start_.ready, 1u);
  system_call(__NR_futex, &start_.ready, /*FUTEX_WAKE_PRIVATE=*/129L, 1L);
  while (serving_) {
    wait_for_work();
    const Nanos begun = clock::now();
    served_ = read_messages();
    release_due();
    make_rooms();
    if (atomic::load(membership_.member().give_back) != 0) {
      manager_.give_back();
    }
    const Nanos done = clock::now();
    affinity_.on_served(done - begun);
    if (done >= next_tick_) {
      tick();
    }
  }
  return last_.status();
}

void Handler::wait_for_work() {
  if (served_) {
    return;  // there may be more to read
  }
  const Nanos now = clock::now();
  Nanos wake = next_tick_;
  if (!pending_.empty()) {
    const Nanos release = pending_.first().release;
    const auto wait = atomic::load(control_.parameters.wait);
    const Nanos left = release - now;
    const bool sleep = wait == DIME_WAIT_SLEEP || (wait == DIME_WAIT_AUTO && left >= kSpinBelow);
    const Nanos margin = sleep_margin_.of(left);
    if (!sleep || left <= margin) {
      return;
    }
    wake = release - margin < wake ? release - margin : wake;
  }
  const auto timeout = clock::timespec_of(wake - now);
  pollfd wanted[] = {{space_.faults().fd(), POLLIN, 0},
                     {manager_.neighbours().doorbell(), POLLIN, 0}};
  if (system_call(__NR_ppoll, wanted, 2L, &timeout, 0L, 0L) == 0 && !pending_.empty()) {
    sleep_margin_.note(clock::now() - wake);
  }
  if (wanted[1].revents != 0) {
    manager_.neighbours().silence();
  }
}

bool Handler::read_messages() {
  uffd_msg messages[8];
  const long count = space_.faults().read(messages, 8);
  // The kernel hands out faults before events that are older than they are. Events go first here:
  // a page that is opened before a fork is known is missing in the child, and one that is opened
  // at an address before it is known that another mapping was there has that one's content. Once
  // an event is read, the kernel does not refuse such an opening any more.
  for (long i = 0; i < count; ++i) {
    if (messages[i].event != UFFD_EVENT_PAGEFAULT) {
      on_event(messages[i]);
    }
  }
  for (long i = 0; i < count; ++i) {
    const auto& fault = messages[i].arg.pagefault;
    if (messages[i].event == UFFD_EVENT_PAGEFAULT) {
      on_fault(fault.address, (fault.flags & UFFD_PAGEFAULT_FLAG_WRITE) != 0, fault.feat.ptid);
    }
  }
  return count > 0;
}

void Handler::on_event(const uffd_msg& message) {
  switch (message.event) {
    case UFFD_EVENT_FORK:
      on_fork(static_cast<int>(message.arg.fork.ufd));
      break;
    case UFFD_EVENT_REMAP:
      on_remap(message.arg.remap.from, message.arg.remap.to, message.arg.remap.len);
      break;
    case UFFD_EVENT_UNMAP:
      space_.tiers().unmapped({message.arg.remove.start, message.arg.remove.end});
      [[fallthrough]];
    case UFFD_EVENT_REMOVE:
      forget({message.arg.remove.start, message.arg.remove.end});
      break;
    default:
      break;
  }
}

void Handler::on_fault(std::uint64_t address, bool writes, std::uint32_t thread) {
  const Nanos entry = clock::now();
  if (mailbox_.range().contains(address)) {
    on_request(address);
    return;
  }
  const PageId id = space_.table().obtain(PageNumber::of(address));
  if (id == kNoPage) {
    membership_.note_problem("out of memory for page records; some pages stay unmanaged");
    return;
  }
  Instance& instance = space_.instance();
  instance.describe_access(writes ? DIME_ACCESS_WRITE : DIME_ACCESS_READ, thread);
  const Fault fault = instance.begin(id, entry);
  if (fault.kind == FaultKind::kJoined) {
    atomic::add(membership_.member().faults_joined, std::uint64_t{1});
    return;
  }
  if (fault.kind == FaultKind::kPresent && instance.pool().record(id).prefetched != 0) {
    const Nanos lead = affinity_.lead(writes);
    PendingFault pending{later(entry, manager_.prefetches().arrival(id) - lead),
                         entry,
                         lead,
                         fault,
                         id,
                         /*has_room=*/true};
    release_or_push(pending);
    return;
  }
  if (fault.kind == FaultKind::kPresent) {
    // Somebody else's fault opened it meanwhile, or the kernel dropped a page that we count as
    // local (MADV_FREE).
    if (space_.open_zeroed(id) == Opened::kRetry) {
      space_.faults().wake(address);
    }
    return;
  }
  if (fault.kind == FaultKind::kFirstTouch) {
    space_.instance().pool().record(id).slot = Shadow::kNone;
  }
  affinity_.on_fault(thread, entry, fault.ready - affinity_.lead(writes) - entry);
  const Nanos lead = affinity_.lead(writes);
  PendingFault pending{entry, entry, lead, fault, id, /*has_room=*/false};
  if (fault.kind == FaultKind::kRemote || fault.ready > entry) {
    pending.release = fault.ready - lead;
  }
  // An eviction takes up to an interrupt between CPUs, which others' releases must not wait for; it
  // can be done later.
  if (pending_.empty() || pending.release < entry + kEvictionTakes) {
    make_room(pending);
  }
  release_or_push(pending);
}

/// Now, if it is due, or when it is.
void Handler::release_or_push(PendingFault& pending) {
  if (pending.release > clock::now() || !release(pending)) {
    if (pending_.full()) {
      release_due();
    }
    pending_.push(pending);
  }
}

void Handler::release_due() {
  const Nanos now = clock::now();
  for (unsigned i = pending_.count();
       i != 0 && !pending_.empty() && pending_.first().release <= now; --i) {
    PendingFault pending = pending_.pop();
    if (!release(pending)) {
      pending_.push(pending);
      return;  // events have to be read first
    }
    served_ = true;
  }
}

/// Makes room for a fault that has none yet, if no release is due meanwhile.
void Handler::make_rooms() {
  PendingFault pending{};
  if (!pending_.empty() && pending_.first().release >= clock::now() + kEvictionTakes &&
      pending_.remove_roomless(pending)) {
    make_room(pending);
    pending_.push(pending);
    served_ = true;
  }
}

bool Handler::release(PendingFault& pending) {
  if (pending.fault.kind == FaultKind::kPresent) {
    return release_prefetched(pending);
  }
  if (!pending.has_room) {
    make_room(pending);
  }
  Instance& instance = space_.instance();
  const bool remote = pending.fault.kind == FaultKind::kRemote;
  const Nanos opened_at = clock::now();
  switch (remote ? space_.open_remote(pending.page) : space_.open_zeroed(pending.page)) {
    case Opened::kRetry:
      // Who changes the mappings may need this CPU to get done.
      system_call(__NR_sched_yield);
      return false;
    case Opened::kGone:
      instance.abandon(pending.page, pending.fault);
      instance.forget(pending.page);
      instance.cancel_room(pending.page);
      return true;
    case Opened::kDone:
    case Opened::kPresent:
      break;
  }
  manager_.finish(pending.page, pending.fault, opened_at, opened_at - pending.entry + pending.lead);
  if (remote) {
    fetch_ahead(pending.page, DIME_PREFETCH_MISS, pending.entry);
  }
  return true;
}

/// A prefetched page was touched: it comes home once it has arrived.
bool Handler::release_prefetched(PendingFault& pending) {
  Instance& instance = space_.instance();
  if (instance.pool().record(pending.page).prefetched == 0) {
    // Another thread was first, or it has gone meanwhile: the touch comes again, if need be.
    space_.faults().wake(instance.pool().page(pending.page).address());
    return true;
  }
  const Nanos opened_at = clock::now();
  switch (space_.fetch_home(pending.page)) {
    case Opened::kRetry:
      system_call(__NR_sched_yield);
      return false;
    case Opened::kGone:
      instance.forget(pending.page);
      return true;
    case Opened::kDone:
    case Opened::kPresent:
      break;
  }
  const bool late = pending.release > pending.entry;
  manager_.count_used(pending.page, late ? opened_at - pending.entry + pending.lead : Nanos{});
  fetch_ahead(pending.page, DIME_PREFETCH_USED, pending.entry);
  return true;
}

/// After the page that was touched is there: the thread goes on meanwhile. To the link it is as if
/// it had been asked at `at`.
void Handler::fetch_ahead(PageId page, dime_prefetch_why why, Nanos at) {
  if (manager_.prefetches().is_on()) {
    Prefetches::Named named;
    manager_.name_ahead(page, why, at, named);
    manager_.fetch_ahead(named);
  }
}

void Handler::make_room(PendingFault& pending) {
  pending.has_room = true;
  pending.release = later(pending.release, manager_.make_room(pending.page));
}

void Handler::on_fork(int descriptor) {
  Userfault child;
  child.adopt(descriptor);
  space_.fill_child(child);
  child.close();
}

void Handler::forget(AddressRange range) {
  space_.forget(range, [this](PageId id) {
    PendingFault pending{};
    if (pending_.remove(id, pending)) {
      space_.faults().wake(space_.instance().pool().page(id).address());
      if (pending.has_room) {
        space_.instance().cancel_room(id);
      }
    }
  });
}

void Handler::on_remap(std::uint64_t from, std::uint64_t to, std::uint64_t bytes) {
  space_.moved(from, to, bytes);
  for (unsigned i = 0; i < pending_.count(); ++i) {
    PendingFault& pending = pending_.at(i);
    const std::uint64_t address = space_.instance().pool().page(pending.page).address();
    if (AddressRange{from, from + bytes}.contains(address)) {
      space_.faults().wake(address);
      pending.page = space_.table().find(PageNumber::of(address - from + to));
    }
  }
}

}  // namespace dime::agent
