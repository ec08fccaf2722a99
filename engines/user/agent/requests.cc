// SPDX-License-Identifier: GPL-2.0
// What the handler does between faults: start and end, requests of the program's threads, ticks.
#include <linux/close_range.h>
#include <linux/fcntl.h>
#include <linux/mman.h>

#include "core/atomic.h"
#include "engines/user/agent/clock.h"
#include "engines/user/agent/handler.h"

namespace dime::agent {
long Handler::prepare() {
  // From here on this thread has its own table of descriptors, with nothing of the program's in it.
  system_call(__NR_close_range, 0L, 0xffffffffL, 0L);
  if (const long started = manager_.start(start_.image, start_.thread_area); failed(started)) {
    return started;
  }
  start_.fork_events = space_.follows_raw_forks();
  const AddressRange box = mailbox_.range();
  if (const long registered = space_.faults().register_missing(box); failed(registered)) {
    manager_.stop();
    return registered;
  }
  for (const AddressRange* local = start_.local; !local->empty(); ++local) {
    space_.leave_alone(*local);
  }
  affinity_.start(start_.rseq, start_.thread, control_.calibration);
  manager_.start_managing();
  next_tick_ = clock::now() + PageManager::kTick;
  atomic::store(membership_.member().handler_tid,
                static_cast<std::uint32_t>(system_call(__NR_gettid)));
  atomic::store_release(membership_.member().state, std::uint32_t{DIME_MEMBER_ACTIVE});
  return 0;
}

void Handler::on_request(std::uint64_t page) {
  const Request request = mailbox_.request();
  const AddressRange range{request.begin, request.end};
  switch (request.kind) {
    case RequestKind::kMapped:
    case RequestKind::kMappedWritable:
    case RequestKind::kHeapGrown:
      if (request.stack) {
        space_.pin(range.end - kPageBytes);
      }
      space_.manage_again(range);
      manager_.mapped(range,
                      request.kind == RequestKind::kHeapGrown ? DIME_KIND_HEAP : DIME_KIND_ANON);
      if (manager_.manages() && !manager_.is_paused() && space_.adopt(range) == 0 &&
          request.kind != RequestKind::kMapped) {
        space_.prime(request.begin);
      }
      break;
    case RequestKind::kNamed:
      manager_.named(range, request.name);
      break;
    case RequestKind::kPlace:
      mailbox_.request().result = manager_.place(range, request.tier, [this] { read_messages(); });
      break;
    case RequestKind::kMark:
      manager_.mark(request.name);
      break;
    case RequestKind::kComeHome:
      bring_all_home();
      break;
    case RequestKind::kLetGo:
      bring_all_home();
      space_.unregister_manageable();
      break;
    case RequestKind::kForkDone:
      manager_.pause(false);
      if (manager_.manages()) {
        static_cast<void>(space_.adopt_new());
      }
      break;
    case RequestKind::kDropped:
      forget(range);
      break;
    case RequestKind::kStayLocal:
      stay_local(range);
      break;
    case RequestKind::kLeave:
      manager_.count_pages();
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

/// Nothing is remote or in flight afterwards, and nothing is evicted until manager_.pause(false).
void Handler::bring_all_home() {
  affinity_.hurry();
  manager_.pause(true);
  do {
    // A page in flight has its data in the shadow, too. Its stall is cut short.
    while (!pending_.empty()) {
      PendingFault pending = pending_.pop();
      if (!release(pending)) {
        pending_.push(pending);
        read_messages();
      }
    }
    space_.bring_all_home([this] { read_messages(); });
  } while (!pending_.empty());
}

void Handler::stay_local(AddressRange range) {
  space_.table().for_each(range, [&](PageId id) {
    PendingFault pending{};
    if (pending_.remove(id, pending)) {
      while (!release(pending)) {
        read_messages();
      }
    }
    while (lies_in_slot(space_.instance().pool().record(id)) &&
           space_.fetch_home(id) == Opened::kRetry) {
      read_messages();
    }
    space_.instance().forget(id);
  });
  space_.leave_alone(range);
}

void Handler::tick() {
  if (atomic::load(membership_.member().command) == DIME_COMMAND_DETACH) {
    detach();
    return;
  }
  if (last_.is_left()) {
    serving_ = false;
    return;
  }
  const Nanos before = clock::now();
  manager_.tick([this] {
    served_ = read_messages() || served_;
    release_due();
  });
  affinity_.on_tick();
  const Nanos now = clock::now();
  next_tick_ = now + PageManager::until_next_tick(now - before);
}

void Handler::detach() {
  atomic::store_release(membership_.member().state, std::uint32_t{DIME_MEMBER_LEAVING});
  atomic::store_release(*start_.leave, 1u);
  bring_all_home();
  const std::uint64_t behind = mailbox_.range().end;
  mailbox_.close();
  manager_.stop();
  // A thread may be about to touch the mailbox, and this one needs its stack and what is here.
  start_.arena->drop_from(behind);
  membership_.leave(DIME_MEMBER_DETACHED);
  serving_ = false;
}

}  // namespace dime::agent
