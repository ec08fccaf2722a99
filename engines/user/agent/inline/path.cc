// SPDX-License-Identifier: GPL-2.0
// A page in flight is claimed by the thread that fetches it: the others wait for its state to
// change. A claim does not outlive what it is about: who unmaps the page, or brings everything
// home, cancels it, and the thread finds out when its stall is over.
#include "engines/user/agent/inline/path.h"

#include "engines/user/agent/clock.h"
#include "engines/user/agent/inline/page_views.h"

namespace dime::agent {
namespace {

constexpr Nanos kSpinBelow{100'000};  // stalls longer than this are slept through, but for a margin
constexpr Nanos kSlice{5'000'000};    // of a long sleep, between two looks for signals
constexpr Nanos kForOthers{20'000};

struct CpuMask {
  std::uint64_t words[16];
};

}  // namespace

InlinePath::InlinePath(Arena& arena, Membership& membership)
    : manager_(arena, membership, /*inherited=*/false), ahead_(manager_.space()) {}

long InlinePath::start(Arena& arena, AddressRange image) {
  if (!managed_.start(arena) || !excluded_.start(arena) || !guards_.start(arena) ||
      !threads_.start(arena)) {
    return -ENOMEM;
  }
  CpuMask mask{};
  const long bytes = system_call(__NR_sched_getaffinity, 0L, sizeof(mask), &mask);
  processors_ = 0;
  for (long i = 0; i < bytes / 8; ++i) {
    for (std::uint64_t word = mask.words[i]; word != 0; word &= word - 1) {
      ++processors_;
    }
  }
  return manager_.start_for_threads(image, managed_, excluded_, threads_);
}

/// What the access takes outside this code's own clock, and from when the page is opened.
Nanos InlinePath::lead(bool writes) {
  const dime_calibration& measured = manager_.control().calibration;
  return writes ? lead_.now(true, {measured.lead_ns}, {measured.found_ns})
                : lead_.now(false, {measured.lead_read_ns}, {measured.found_read_ns});
}

/// True: the handler is to return with nothing done, so that the fault comes again. With more
/// threads than processors another one would run first. Without the lock.
bool InlinePath::send_back(PageNumber page, bool writes, Nanos entry, Thread& thread) {
  if (!thread.bounces.due(/*nothing_known=*/lead_.found(writes) == Nanos{}) ||
      Threads::is_shared(thread) || atomic::load(waiting_) >= processors_) {
    return false;
  }
  const PageId id = manager_.space().table().find(page);
  if (id == kNoPage || state_of(manager_.instance().pool().record(id)) != PageState::kRemote) {
    return false;
  }
  thread.bounces.send(page, entry, clock::now());
  return true;
}

/// A fault that was sent back has come again, and its page is there. Under the lock.
void InlinePath::note_lead(bool writes, Nanos way, Nanos opening) {
  lead_.note(writes, way, opening);
  dime_member& member = manager_.membership().member();
  atomic::store(writes ? member.found_ns : member.found_read_ns, lead_.usual(writes).value);
}

/// Under the lock. The thread's number is a system call away, and only recordings want it.
void InlinePath::describe_access(dime_access access, Thread& thread, const CallStack* stack) {
  Instance& instance = manager_.instance();
  if (instance.events().are_on() && (thread.number == 0 || Threads::is_shared(thread))) {
    thread.number = static_cast<std::uint32_t>(system_call(__NR_gettid));
  }
  instance.describe_access(access, thread.number, stack);
}

/// The thread's call stack, where a recording wants that of this access. Without the lock.
const CallStack* InlinePath::take_stack(Thread& thread) {
  const std::uint64_t every = manager_.instance().events().stacks();
  if (every == 0 || thread.site.pc == 0 || Threads::is_shared(thread)) {
    return nullptr;
  }
  // Multiples of the golden ratio: one in `every` of any stretch, and in step with no loop.
  constexpr std::uint64_t kGoldenRatio = 0x9e3779b97f4a7c15;
  if (atomic::add(stack_turn_, std::uint64_t{1}) * kGoldenRatio > UINT64_MAX / every) {
    return nullptr;
  }
  walk(thread.site, thread.readable, thread.call_stack);
  return &thread.call_stack;
}

void InlinePath::fault(std::uint64_t address, bool writes, Thread& thread,
                       const std::uint64_t* interrupted) {
  Nanos entry = clock::now();
  const bool for_call = interrupted == nullptr;
  const PageNumber page = PageNumber::of(address);
  // Only a signal comes again by itself.
  const Nanos way = for_call ? Nanos{} : thread.bounces.returned(page, entry);
  if (!for_call && way == Nanos{} && send_back(page, writes, entry, thread)) {
    return;
  }
  const CallStack* const stack = take_stack(thread);
  Instance& instance = manager_.instance();
  gate_.enter();
  lock_.lock();
  const PageId id = manager_.retired() ? kNoPage : manager_.space().table().obtain(page);
  if (manager_.retired()) {
    lock_.unlock();
    gate_.leave();
    return;
  }
  if (id == kNoPage) {
    manager_.membership().note_problem("out of memory for page records");
    lock_.unlock();
    gate_.leave();
    return;
  }
  PageRecord& record = instance.pool().record(id);
  while (is_leaving(record)) {
    let_others([&] { return !is_leaving(record); });
  }
  describe_access(for_call ? DIME_ACCESS_UNKNOWN
                  : writes ? DIME_ACCESS_WRITE
                           : DIME_ACCESS_READ,
                  thread, stack);
  const Fault fault = instance.begin(id, entry);
  if (fault.kind == FaultKind::kJoined || fault.kind == FaultKind::kPresent) {
    if (fault.kind == FaultKind::kPresent) {
      if (record.prefetched != 0) {
        use_prefetched(id, entry, for_call ? moves_.home() : lead(writes), interrupted);
      } else if (is_ahead(record)) {
        ahead_.bring_back(id);
      } else {
        // Opened by another thread meanwhile, or dropped by the kernel (MADV_FREE).
        manager_.space().open_zeroed(id);
      }
    } else {
      atomic::add(manager_.membership().member().faults_joined, std::uint64_t{1});
    }
    lock_.unlock();
    gate_.leave();
    wait_for(record);
    return;
  }
  if (fault.kind == FaultKind::kFirstTouch) {
    record.slot = Shadow::kNone;
  }
  thread.claim_count = 0;
  Claim& claim = thread.claim(id);
  // Before a system call no signal is raised: only to open the page takes time.
  const Nanos after = for_call ? moves_.home() : lead(writes);
  if (!for_call && fault.kind == FaultKind::kRemote) {
    thread.bounces.set_stall(fault.ready - entry, {manager_.control().calibration.floor_ns});
  }
  const Nanos write_back = make_room_for(claim, fault.ready - entry - after, entry);
  Prefetches::Named named;
  if (fault.kind == FaultKind::kRemote) {
    name_ahead(id, DIME_PREFETCH_MISS, entry, named);
    fetch_ahead(named, fault.ready - after);
  }
  lock_.unlock();
  empty_stale_slots(fault.ready);

  Nanos release = write_back;
  if (fault.kind == FaultKind::kRemote || fault.ready > entry) {
    release = later(release, fault.ready - after);
  }
  bool interrupted_by_signal = false;
  if (release > entry) {
    gate_.leave();
    interrupted_by_signal = !wait(release, interrupted);
    gate_.enter();
  }
  if (!claim.cancelled && !interrupted_by_signal) {
    const Nanos opened_at = clock::now();
    if (open(id, fault, opened_at)) {
      if (for_call) {
        manager_.count_for_call(id, fault);
      }
      manager_.finish(id, fault, opened_at, opened_at - entry + after);
      if (way != Nanos{}) {
        note_lead(writes, way, clock::now() - opened_at);
      }
      fetch_ahead(named, kNoEnd);
    }
  } else {
    lock_.lock();
    if (!claim.cancelled) {
      cancel(claim, fault);
    }
  }
  thread.claim_count = 0;
  lock_.unlock();
  gate_.leave();
}

/// Moves the page in, from `now` on. Takes the lock, and returns with it pinned. False: there was
/// nothing to do it to, and the records are as if it had not been tried.
bool InlinePath::open(PageId page, const Fault& fault, Nanos now) {
  Space& space = manager_.space();
  Instance& instance = manager_.instance();
  const bool copies = moves_.interrupt_others();
  Opened opened = Opened::kRetry;
  Backoff backoff;
  for (;;) {
    if (fault.kind == FaultKind::kRemote && copies) {
      const long copied = space.copy_home_quietly(page);
      lock_.lock();
      opened = space.copied_home(page, copied);
    } else if (fault.kind == FaultKind::kRemote) {
      const long moved = space.move_home(page);
      const Nanos end = clock::now();
      lock_.lock();
      moves_.note_home(end - now);
      opened = space.moved_home(page, moved);
    } else {
      const long filled = space.fill_zeroed(page);
      lock_.lock();
      opened = Space::filled_zeroed(filled);
    }
    if (opened != Opened::kRetry) {
      break;
    }
    lock_.unlock();
    backoff.pause();
    now = clock::now();
  }
  if (opened == Opened::kGone) {
    instance.abandon(page, fault);
    instance.forget(page);
    instance.cancel_room(page);
    return false;
  }
  return true;
}

/// Makes room for a page in flight, which takes nothing from the thread as long as it takes no more
/// than `spare`. It lets others in, who may cancel it.
Nanos InlinePath::make_room_for(Claim& claim, Nanos spare, Nanos now) {
  const Nanos write_back = make_room(claim.page, spare, now);
  if (claim.cancelled) {
    manager_.instance().cancel_room(claim.page);
  }
  claim.has_room = true;
  return write_back;
}

/// Spends a stall. False if it was ended early for a signal.
bool InlinePath::wait(Nanos until, const std::uint64_t* interrupted) {
  const std::uint32_t mode = atomic::load(manager_.control().parameters.wait);
  const std::uint32_t waiting = atomic::add(waiting_, 1u);
  bool whole = true;
  Nanos now = clock::now();
  while (now < until) {
    const Nanos left = until - now;
    const bool sleeps = mode == DIME_WAIT_SLEEP || (mode == DIME_WAIT_AUTO && left >= kSpinBelow);
    const Nanos margin = sleep_margin_.of(left);
    if (sleeps && left > margin) {
      const Nanos most = left - margin;
      const Nanos asked = most < kSlice ? most : kSlice;
      clock::sleep(asked);
      sleep_margin_.note(clock::now() - (now + asked));
      std::uint64_t pending = 0;
      if (interrupted != nullptr && left > kSlice) {
        system_call(__NR_rt_sigpending, &pending, sizeof(pending));
        whole = (pending & ~*interrupted) == 0;
      }
      if (!whole) {
        break;
      }
    } else if (waiting > processors_ || atomic::load(waiting_) > processors_) {
      // More stalls than processors: each is looked after in turn.
      system_call(__NR_sched_yield);
    } else {
      __builtin_ia32_pause();
    }
    now = clock::now();
  }
  atomic::sub(waiting_, 1u);
  return whole;
}

/// Another thread fetches the page: until it has come, or has gone for good.
void InlinePath::wait_for(const PageRecord& record) {
  Backoff backoff;
  const Nanos start = clock::now();
  while (state_of(record) == PageState::kInFlight) {
    if (clock::now() - start > kSpinBelow) {
      clock::sleep(kForOthers);
    } else {
      backoff.pause();
    }
  }
}

void InlinePath::tick() {
  threads_.release_gone();
  lock_.lock();
  manager_.tick([this] {
    lock_.unlock();
    lock_.lock();
  });
  lock_.unlock();
}

void InlinePath::give_back() {
  lock_.lock();
  manager_.give_back();
  lock_.unlock();
}

void InlinePath::count_pages() {
  const SignalsBlocked blocked;
  lock_.lock();
  manager_.count_pages();
  lock_.unlock();
}

}  // namespace dime::agent
