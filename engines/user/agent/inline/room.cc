// SPDX-License-Identifier: GPL-2.0
// Room for a page on the inline path: victims, those that go with them, and the slots whose pages
// were copied home.
#include "engines/user/agent/clock.h"
#include "engines/user/agent/inline/page_views.h"
#include "engines/user/agent/inline/path.h"

namespace dime::agent {
namespace {

constexpr Nanos kForOthers{20'000};
constexpr std::uint32_t kFewStale = 32;
constexpr std::uint32_t kMostStale = Shadow::Stale::kMost - 16;  // others may add some meanwhile
constexpr Nanos kEmptyingTakes{80'000};
// Where moves interrupt nobody, to move a page out takes 1.4 us, and each one more with it 0.12 us.
constexpr unsigned kFew = 3;
constexpr Nanos kRunTakes{3'000};

}  // namespace

/// Under the lock and in the gate; lets go of the lock while a victim is moved out, or while others
/// are waited for. To ask for the time costs more than most of the rest: `now` is that of the fault
/// as long as nothing has taken any.
Nanos InlinePath::make_room(PageId page, Nanos spare, Nanos now) {
  Instance& instance = manager_.instance();
  PageId evicted = kNoPage;
  PageId victim = kNoPage;
  for (unsigned steps = 0;; ++steps) {
    const PageManager::Step step = manager_.room_step(page, steps, now, victim);
    if (step == PageManager::Step::kMade) {
      return evicted != kNoPage ? instance.writeback_stall(evicted, now) : Nanos{};
    }
    if (step == PageManager::Step::kWait) {
      lock_.unlock();
      gate_.leave();
      clock::sleep(kForOthers);
      gate_.enter();
      lock_.lock();
      now = clock::now();
      continue;
    }
    evicted = Instance::writes_back(close_claimed(victim, spare, now)) ? victim : evicted;
  }
}

/// Makes the claimed victim inaccessible, and tells the instance.
Closed InlinePath::close_claimed(PageId victim, Nanos spare, Nanos& now) {
  const PageRecord& record = manager_.instance().pool().record(victim);
  while (is_going_ahead(record)) {
    let_others([&] { return !is_going_ahead(record); });
  }
  const Closed how = is_ahead(record) ? ahead_.take(victim) : evict(victim, spare, now);
  manager_.instance().closed(victim, how, now);
  return how;
}

/// How many pages go together: as many as can where that is dear or hidden by the stall, and else
/// so few that no fault takes much longer than others, and so many that most have nothing to evict.
unsigned InlinePath::together(Nanos spare) const {
  return moves_.interrupt_others() || spare >= kRunTakes ? Shadow::kRun : kFew;
}

/// Moves out a claimed victim, and others with it. Lets go of the lock meanwhile.
Closed InlinePath::evict(PageId victim, Nanos spare, Nanos& now) {
  Space& space = manager_.space();
  const PagePool& pool = manager_.instance().pool();
  Ahead::Run run;
  ahead_.choose(victim, together(spare), run);
  // The claims are seen by those who start to use a page from here on; those who used it before are
  // seen by this thread.
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  unsigned idle = 0;
  while (idle < run.count && !threads_.holds(pool.page(run.pages[idle]).address())) {
    ++idle;
  }
  ahead_.drop_from(run, idle < 1 ? 1 : idle);
  std::uint32_t slot = run.count > 1 ? space.shadow().take_run(run.count) : Shadow::kNone;
  if (slot == Shadow::kNone) {
    // Groups that are used in part can be used up long before the single slots are.
    ahead_.drop_from(run, 1);
    slot = idle == 0 ? Shadow::kNone : space.shadow().take();
  }
  if (slot == Shadow::kNone) {
    return Closed::kBusy;
  }
  lock_.unlock();
  const Nanos begin = clock::now();
  const long moved = space.move_run_out(victim, slot, run.count);
  now = clock::now();
  lock_.lock();
  moves_.note_out(now - begin);
  ahead_.note(run, slot, static_cast<unsigned>(moved < 0 ? 0 : moved));
  return space.moved_out(victim, slot, moved < 0 ? moved : 0);
}

/// In the gate. Where the stall until `ready` hides that, or where there are too many.
void InlinePath::empty_stale_slots(Nanos ready) {
  Shadow& shadow = manager_.space().shadow();
  const std::uint32_t count = shadow.stale_count();
  if (count < kFewStale || (count < kMostStale && ready < clock::now() + kEmptyingTakes)) {
    return;
  }
  Shadow::Stale stale;
  lock_.lock();
  shadow.take_stale(stale);
  lock_.unlock();
  shadow.empty(stale);
  lock_.lock();
  for (std::uint32_t i = 0; i < stale.count; ++i) {
    shadow.give_back_empty(stale.slots[i]);
  }
  lock_.unlock();
}

}  // namespace dime::agent
