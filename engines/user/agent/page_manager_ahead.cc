// SPDX-License-Identifier: GPL-2.0
// The manager's part in prefetching: which pages, when there is room for them, and their first
// touch.
#include "core/prefetch_choice.h"
#include "engines/user/agent/page_manager.h"
#include "prefetchers/registry.h"

namespace dime::agent {

/// What is fetched ahead for the tier's pages (tier 0: for all others) is as `text` says from now
/// on; "" is as the instance says. A text that cannot be read leaves what there is: whoever wrote
/// it has checked it.
void PageManager::follow_prefetch(unsigned tier, const char* text) {
  const Text wanted(text);
  if (wanted == Text(prefetch_in_use_[tier])) {
    return;
  }
  if (wanted.empty()) {
    prefetches_.follow_instance(tier);
    prefetch_in_use_[tier][0] = '\0';
    return;
  }
  PrefetchChoice choice;
  const Text name = prefetch_choice::name_of(wanted);
  const dime_prefetch_ops* const built_in = prefetchers::find(name);
  const dime_prefetch_ops* const prefetcher =
      built_in != nullptr ? built_in : own_prefetcher_.find(name);
  if (prefetcher == nullptr || (prefetcher->flags & DIME_PREFETCH_TAPE) != 0 ||
      !prefetch_choice::read(*prefetcher, wanted, choice).ok()) {
    return;
  }
  if (!prefetches_.use(tier, choice)) {
    membership_.note_problem("out of memory for the prefetcher: nothing is fetched ahead");
  }
  TextWriter(prefetch_in_use_[tier], DIME_NAME_BYTES).put(wanted);
}

void PageManager::name_ahead(PageId page, dime_prefetch_why why, Nanos at,
                             Prefetches::Named& named) {
  const PagePool& pool = instance().pool();
  prefetches_.touched(pool.page(page), pool.record(page).tier, why, at, instance().limit_for(page),
                      named);
}

PageId PageManager::next_ahead(Prefetches::Named& named) {
  while (named.next < named.count && !paused_) {
    const PageId id = space_.table().find({named.pages[named.next++]});
    if (id == kNoPage) {
      continue;
    }
    const PageRecord& record = instance().pool().record(id);
    if (record.state == PageState::kRemote && prefetches_.may_fetch(named, record.tier)) {
      return id;
    }
  }
  return kNoPage;
}

bool PageManager::may_evict_for_ahead(PageId page) {
  return !instance().shares_limit(page) ||
         instance().counted_pages() > Neighbours::kept(instance().limit());
}

void PageManager::start_ahead(PageId page, Nanos at) {
  space_.keep_out(page);
  const Nanos ready = instance().prefetch(page, at);
  if (instance().pool().record(page).state == PageState::kLocal) {
    prefetches_.note_under_way(page, ready);
  } else {
    space_.bring_back(page);
  }
}

void PageManager::count_used(PageId page, Nanos stall) {
  instance().use_prefetched(page, stall);
  atomic::add(membership_.member().stall_ns_sum, stall.value);
}

void PageManager::fetch_ahead(Prefetches::Named& named) {
  for (PageId page = next_ahead(named); page != kNoPage; page = next_ahead(named)) {
    if (instance().full_for(page) && !may_evict_for_ahead(page)) {
      return;
    }
    const Room room = instance().make_room(
        page, clock::now(), [this](PageId victim) { return space_.close(victim); }, 1);
    if (!room.made) {
      return;
    }
    start_ahead(page, named.at);
  }
}

}  // namespace dime::agent
