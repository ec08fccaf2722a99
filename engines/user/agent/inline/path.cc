// SPDX-License-Identifier: GPL-2.0
// A page in flight is claimed by the thread that fetches it: the others wait for its state to
// change. A claim does not outlive what it is about: who unmaps the page, or brings everything
// home, cancels it, and the thread finds out when its stall is over.
#include "engines/user/agent/inline/path.h"

#include "engines/user/agent/clock.h"

namespace dime::agent {
namespace {

constexpr Nanos kSpinBelow{100'000};  // stalls longer than this are slept through ...
constexpr Nanos kWakeEarly{80'000};   // ... but for the end: timers are late by up to this
constexpr Nanos kSlice{5'000'000};    // of a long sleep, between two looks for signals
constexpr Nanos kForOthers{20'000};

struct CpuMask {
  std::uint64_t words[16];
};

}  // namespace

InlinePath::InlinePath(Arena& arena, Membership& membership)
    : keeper_(arena, membership, /*inherited=*/false) {}

long InlinePath::start(Arena& arena, AddressRange image) {
  if (!managed_.start(arena) || !excluded_.start(arena) || !threads_.start(arena)) {
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
  lead_ = Nanos{keeper_.control().calibration.lead_ns};
  return keeper_.start_for_threads(image, managed_, excluded_, threads_);
}

void InlinePath::fault(std::uint64_t address, Thread& thread, const std::uint64_t* interrupted) {
  const Nanos entry = clock::now();
  Instance& instance = keeper_.instance();
  gate_.enter();
  lock_.lock();
  const PageId id = keeper_.space().table().obtain(PageNumber::of(address));
  if (id == kNoPage) {
    keeper_.membership().note_problem("out of memory for page records");
    lock_.unlock();
    gate_.leave();
    return;
  }
  PageRecord& record = instance.pool().record(id);
  while (record.state == PageState::kEvicting) {
    lock_.unlock();
    Backoff backoff;
    while (state_of(record) == PageState::kEvicting) {
      backoff.pause();
    }
    lock_.lock();
  }
  const Fault fault = instance.begin(id, entry);
  if (fault.kind == FaultKind::kJoined || fault.kind == FaultKind::kPresent) {
    if (fault.kind == FaultKind::kPresent) {
      // Opened by another thread meanwhile, or dropped by the kernel (MADV_FREE).
      keeper_.space().open_zeroed(id);
    } else {
      atomic::add(keeper_.membership().member().faults_joined, std::uint64_t{1});
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
  const Nanos write_back = make_room_for(claim);
  lock_.unlock();
  gate_.leave();

  Nanos release = write_back;
  if (fault.kind == FaultKind::kRemote || fault.ready > entry) {
    release = later(release, fault.ready - lead_);
  }
  const bool interrupted_by_signal = release > entry && !wait(release, interrupted);

  gate_.enter();
  bool there = false;
  if (!claim.cancelled && !interrupted_by_signal) {
    const Nanos opened_at = clock::now();
    there = open(id, fault);
    if (there) {
      if (interrupted == nullptr) {
        keeper_.count_for_call(id, fault);
      }
      keeper_.finish(id, fault, opened_at, opened_at - entry + lead_);
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

/// Moves the page in. Takes the lock, and returns with it held. False: there was nothing to do it
/// to, and the books are as if it had not been tried.
bool InlinePath::open(PageId page, const Fault& fault) {
  Space& space = keeper_.space();
  Instance& instance = keeper_.instance();
  Opened opened = Opened::kRetry;
  Backoff backoff;
  for (;;) {
    if (fault.kind == FaultKind::kRemote) {
      const long moved = space.move_home(page);
      lock_.lock();
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
  }
  if (opened == Opened::kGone) {
    instance.abandon(page, fault);
    instance.forget(page);
    instance.cancel_room(page);
    return false;
  }
  return true;
}

/// Under the lock and in the gate; lets go of the lock while a victim is moved out, or while others
/// are waited for.
Nanos InlinePath::make_room(PageId page) {
  Space& space = keeper_.space();
  Instance& instance = keeper_.instance();
  PageId evicted = kNoPage;
  PageId victim = kNoPage;
  for (unsigned steps = 0;; ++steps) {
    const Keeper::Step step = keeper_.room_step(page, steps, victim);
    if (step == Keeper::Step::kMade) {
      return evicted != kNoPage ? instance.writeback_stall(evicted, clock::now()) : Nanos{};
    }
    if (step == Keeper::Step::kWait) {
      lock_.unlock();
      gate_.leave();
      clock::sleep(kForOthers);
      gate_.enter();
      lock_.lock();
      continue;
    }
    // The claim is seen by those who start to use the page from here on; those who used it before
    // are seen by this thread.
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    Closed how = Closed::kBusy;
    if (!threads_.holds(instance.pool().page(victim).address())) {
      const std::uint32_t slot = space.take_slot();
      if (slot != Shadow::kNone) {
        lock_.unlock();
        const long moved = space.move_out(victim, slot);
        lock_.lock();
        how = space.moved_out(victim, slot, moved);
        evicted = Instance::writes_back(how) ? victim : evicted;
      }
    }
    instance.closed(victim, how, clock::now());
  }
}

/// Makes room for a page in flight. It lets others in, who may cancel it.
Nanos InlinePath::make_room_for(Claim& claim) {
  const Nanos write_back = make_room(claim.page);
  if (claim.cancelled) {
    keeper_.instance().cancel_room(claim.page);
  }
  claim.has_room = true;
  return write_back;
}

/// Spends a stall. False if it was ended early for a signal.
bool InlinePath::wait(Nanos until, const std::uint64_t* interrupted) {
  const std::uint32_t mode = atomic::load(keeper_.control().parameters.wait);
  const std::uint32_t waiting = atomic::add(waiting_, 1u);
  bool whole = true;
  Nanos now = clock::now();
  while (now < until) {
    const Nanos left = until - now;
    const bool sleeps = mode == DIME_WAIT_SLEEP || (mode == DIME_WAIT_AUTO && left >= kSpinBelow);
    if (sleeps && left > kWakeEarly) {
      const Nanos most = left - kWakeEarly;
      clock::sleep(most < kSlice ? most : kSlice);
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

void InlinePath::mapped(AddressRange range, bool writable, dime_kind kind) {
  excluded_.remove(range);
  keeper_.mapped(range, kind);
  if (manages() && keeper_.space().adopt(range) == 0 && writable) {
    keeper_.space().prime(range.begin);
  }
}

void InlinePath::remapped(AddressRange range) {
  excluded_.remove(range);
  if (manages()) {
    keeper_.space().adopt(range);
  }
}

void InlinePath::leave_alone(AddressRange range) {
  managed_.remove(range);
  excluded_.add(range);
}

void InlinePath::becomes_stack(AddressRange range) {
  cancel_in(range);
  Space& space = keeper_.space();
  space.table().for_each(range, [&](PageId id) {
    if (keeper_.instance().pool().record(id).state == PageState::kRemote) {
      while (space.open_remote(id) == Opened::kRetry) {
      }
    }
    keeper_.instance().forget(id);
  });
  space.faults().unregister(range);
  space.unmanage(range);
  excluded_.add(range);
}

/// Takes the room and the page in flight from a thread, which will find out.
void InlinePath::cancel(Claim& claim, const Fault& fault) {
  keeper_.instance().abandon(claim.page, fault);
  if (claim.has_room) {
    keeper_.instance().cancel_room(claim.page);
  }
  claim.cancelled = true;
}

void InlinePath::cancel_in(AddressRange range) {
  PagePool& pool = keeper_.instance().pool();
  threads_.for_each([&](Thread& thread) {
    for (std::uint32_t i = 0; i < thread.claim_count; ++i) {
      Claim& claim = thread.claims[i];
      if (!claim.cancelled && range.contains(pool.page(claim.page).address())) {
        const bool remote = pool.record(claim.page).slot != Shadow::kNone;
        cancel(claim, {remote ? FaultKind::kRemote : FaultKind::kFirstTouch, {}});
      }
    }
  });
}

void InlinePath::cancel_all() {
  cancel_in({0, kAddressSpaceEnd});
}

void InlinePath::dropped(AddressRange range, bool unmapped) {
  cancel_in(range);
  keeper_.space().forget(range, [](PageId) {});
  if (unmapped) {
    keeper_.space().unmanage(range);
  }
}

void InlinePath::moved(std::uint64_t from, std::uint64_t to, std::uint64_t bytes) {
  cancel_in({from, from + bytes});
  dropped({to, to + bytes}, /*unmapped=*/true);
  keeper_.space().moved(from, to, bytes);
}

void InlinePath::come_home() {
  keeper_.pause(true);
  cancel_all();
  keeper_.space().bring_all_home([] {});
}

void InlinePath::retire() {
  keeper_.space().unregister_all();
  keeper_.retire();
}

void InlinePath::leave_in_child(Thread& thread) {
  threads_.forget_others(thread);
  if (!failed(keeper_.space().reopen())) {
    keeper_.space().fill_own_holes();
  }
  retire();
  keeper_.stop();
}

long InlinePath::continue_in_child(Thread& thread) {
  cancel_all();
  threads_.forget_others(thread);
  thread.claim_count = 0;
  waiting_ = 0;
  return keeper_.continue_in_child();
}

void InlinePath::tick() {
  lock_.lock();
  keeper_.tick([this] {
    lock_.unlock();
    lock_.lock();
  });
  lock_.unlock();
}

void InlinePath::give_back() {
  lock_.lock();
  keeper_.give_back();
  lock_.unlock();
}

void InlinePath::count_pages() {
  const SignalsBlocked blocked;
  lock_.lock();
  keeper_.count_pages();
  lock_.unlock();
}

}  // namespace dime::agent
