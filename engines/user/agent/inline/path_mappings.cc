// SPDX-License-Identifier: GPL-2.0
// The inline path while nobody moves a page: mappings change, pages come home, a fork has happened.
#include "engines/user/agent/inline/path.h"

namespace dime::agent {

void InlinePath::mapped(AddressRange range, bool writable, dime_kind kind) {
  excluded_.remove(range);
  manager_.mapped(range, kind);
  if (manages() && manager_.space().adopt(range) == 0 && writable) {
    manager_.space().prime(range.begin);
  }
}

void InlinePath::remapped(AddressRange range) {
  excluded_.remove(range);
  if (manages()) {
    manager_.space().adopt(range);
  }
}

void InlinePath::leave_alone(AddressRange range) {
  managed_.remove(range);
  excluded_.add(range);
}

void InlinePath::unmanage(AddressRange range) {
  cancel_in(range);
  Space& space = manager_.space();
  range = range.whole_pages();
  space.table().for_each(range, [&](PageId id) {
    while (lies_in_slot(manager_.instance().pool().record(id)) &&
           space.fetch_home(id) == Opened::kRetry) {
    }
    manager_.instance().forget(id);
  });
  // The kernel refuses a range of which a part is not its own, as where .bss begins.
  managed_.for_each([&](AddressRange managed) {
    if (managed.intersects(range)) {
      space.faults().unregister(managed.intersection(range));
    }
  });
  space.unmanage(range);
  excluded_.add(range);
}

/// Takes the room and the page in flight from a thread, which will find out.
void InlinePath::cancel(Claim& claim, const Fault& fault) {
  manager_.instance().abandon(claim.page, fault);
  if (claim.has_room) {
    manager_.instance().cancel_room(claim.page);
  }
  claim.cancelled = true;
}

void InlinePath::cancel_in(AddressRange range) {
  PagePool& pool = manager_.instance().pool();
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
  cancel_in(kAddressSpace);
}

void InlinePath::dropped(AddressRange range, bool unmapped) {
  cancel_in(range);
  manager_.space().forget(range, [](PageId) {});
  if (unmapped) {
    guards_.remove(range);
    manager_.space().unmanage(range);
  }
}

void InlinePath::guarded(AddressRange range) {
  dropped(range, /*unmapped=*/false);
  guards_.add(range);
}

void InlinePath::move_guards(std::uint64_t from, std::uint64_t to, std::uint64_t bytes) {
  AddressRange rest{from, from + bytes};
  while (guards_.intersects(rest)) {
    AddressRange found;
    guards_.for_each([&](AddressRange guard) {
      const AddressRange part = guard.intersection(rest);
      found = found.empty() ? part : found;
    });
    guards_.remove(found);
    guards_.add({found.begin - from + to, found.end - from + to});
    rest.begin = found.end;
  }
}

void InlinePath::moved(std::uint64_t from, std::uint64_t to, std::uint64_t bytes) {
  cancel_in({from, from + bytes});
  dropped({to, to + bytes}, /*unmapped=*/true);
  move_guards(from, to, bytes);
  manager_.space().moved(from, to, bytes);
}

void InlinePath::fetch_all() {
  cancel_all();
  manager_.space().bring_all_home([] {});
}

void InlinePath::come_home() {
  manager_.pause(true);
  fetch_all();
}

void InlinePath::retire() {
  manager_.space().unregister_all();
  manager_.retire();
}

// The kernel watches nothing in a forked child, and the remote pages are in its own copy of the
// shadow. So they can be written where they belong, whatever rights, descriptors or memory the
// child has.
void InlinePath::leave_in_child(Thread& thread, bool shares_descriptors) {
  cancel_all();
  threads_.forget_others(thread);
  thread.claim_count = 0;
  manager_.stop(/*closes=*/!shares_descriptors);
  manager_.space().write_remote_pages();
  retire();
}

long InlinePath::continue_in_child(Thread& thread) {
  cancel_all();
  threads_.forget_others(thread);
  thread.claim_count = 0;
  thread.number = 0;
  waiting_ = 0;
  return manager_.continue_in_child();
}

}  // namespace dime::agent
