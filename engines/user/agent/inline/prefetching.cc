// SPDX-License-Identifier: GPL-2.0
// Pages that are fetched ahead on the inline path, by the thread that touched another one. What
// fits into its stall is done there, the rest when its own page is there; to the link all of it was
// asked for at the time of the touch.
#include "engines/user/agent/clock.h"
#include "engines/user/agent/inline/page_views.h"
#include "engines/user/agent/inline/path.h"

namespace dime::agent {
namespace {

constexpr unsigned kMostVictims = 4;  // some may be in use

}  // namespace

/// Under the lock. `named` is empty without a prefetcher.
void InlinePath::name_ahead(PageId page, dime_prefetch_why why, Nanos at,
                            Prefetches::Named& named) {
  if (manager_.prefetches().is_on()) {
    manager_.name_ahead(page, why, at, named);
  }
}

/// Fetches what is left of `named`, as long as there is time until `until`. Under the lock and in
/// the gate; lets go of the lock while a victim is moved out.
void InlinePath::fetch_ahead(Prefetches::Named& named, Nanos until) {
  // A move takes twice as long now and then.
  const Nanos room_takes{2 * moves_.out().value};
  while (named.next < named.count && clock::now() + room_takes < until) {
    const PageId page = manager_.next_ahead(named);
    if (page == kNoPage || !make_room_ahead(page, until)) {
      return;
    }
    if (manager_.instance().pool().record(page).state == PageState::kRemote) {
      manager_.start_ahead(page, named.at);
    } else {
      manager_.instance().cancel_room(page);  // somebody else has fetched it meanwhile
    }
  }
}

/// `page` was touched at `at`, and is there: fetches all that is named for it.
void InlinePath::fetch_ahead_for(PageId page, dime_prefetch_why why, Nanos at) {
  Prefetches::Named named;
  name_ahead(page, why, at, named);
  fetch_ahead(named, kNoEnd);
}

/// False: there is none, and the pages that follow need not be tried.
bool InlinePath::make_room_ahead(PageId page, Nanos until) {
  Instance& instance = manager_.instance();
  Nanos now = clock::now();
  for (unsigned tries = 0; !instance.try_room(page); ++tries) {
    const PageId victim = tries < kMostVictims && manager_.may_evict_for_ahead(page)
                              ? instance.claim_victim(page)
                              : kNoPage;
    if (victim == kNoPage) {
      return false;
    }
    close_claimed(victim, until - now, now);
  }
  return true;
}

/// The prefetched page was touched at `entry`: it comes home, after the rest of its way if it is
/// under way still. Under the lock and in the gate.
void InlinePath::use_prefetched(PageId page, Nanos entry, Nanos after,
                                const std::uint64_t* interrupted) {
  const PageRecord& record = manager_.instance().pool().record(page);
  const Nanos arrives = manager_.prefetches().arrival(page) - after;
  const bool late = arrives > entry;
  if (late) {
    lock_.unlock();
    gate_.leave();
    wait(arrives, interrupted);
    gate_.enter();
    lock_.lock();
    if (record.prefetched == 0 || clock::now() < arrives || manager_.retired()) {
      return;  // another thread was first, it went meanwhile, or a signal came: it is touched again
    }
  }
  manager_.space().bring_back(page);
  manager_.count_used(page, late ? clock::now() - entry + after : Nanos{});
  fetch_ahead_for(page, DIME_PREFETCH_USED, entry);
}

}  // namespace dime::agent
