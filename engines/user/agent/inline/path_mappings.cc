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

void InlinePath::becomes_stack(AddressRange range) {
  cancel_in(range);
  Space& space = manager_.space();
  range = range.whole_pages();
  space.table().for_each(range, [&](PageId id) {
    if (manager_.instance().pool().record(id).state == PageState::kRemote) {
      while (space.open_remote(id) == Opened::kRetry) {
      }
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
    manager_.space().unmanage(range);
  }
}

void InlinePath::moved(std::uint64_t from, std::uint64_t to, std::uint64_t bytes) {
  cancel_in({from, from + bytes});
  dropped({to, to + bytes}, /*unmapped=*/true);
  manager_.space().moved(from, to, bytes);
}

void InlinePath::come_home() {
  manager_.pause(true);
  cancel_all();
  manager_.space().bring_all_home([] {});
}

void InlinePath::retire() {
  manager_.space().unregister_all();
  manager_.retire();
}

void InlinePath::leave_in_child(Thread& thread) {
  threads_.forget_others(thread);
  if (!failed(manager_.space().reopen())) {
    manager_.space().fill_own_holes();
  }
  retire();
  manager_.stop();
}

long InlinePath::continue_in_child(Thread& thread) {
  cancel_all();
  threads_.forget_others(thread);
  thread.claim_count = 0;
  waiting_ = 0;
  return manager_.continue_in_child();
}

}  // namespace dime::agent
