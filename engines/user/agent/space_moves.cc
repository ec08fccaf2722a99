// SPDX-License-Identifier: GPL-2.0
// How pages come home and leave.
//
// Errors of the moves, and what each means here (measured on Linux 6.18, and read in
// mm/userfaultfd.c):
//   EAGAIN  an event is unread, or a lock was contended: read events, try again.
//   EEXIST  the destination is not a hole: the page is there (Userfault has made sure of that).
//   ENOENT  the source is a hole, or the destination is not registered: unmapped meanwhile.
//   EBUSY   the page is shared copy-on-write or pinned. A write unshares it; a pin stays.
//   EINVAL  the two mappings have different rights (read-only, executable): copy instead, or leave
//   the page alone.
//   ENOMEM  of a copy: the control group's memory is used up. Try again, as a fault would.
#include <linux/mman.h>

#include "engines/user/agent/copy_out.h"
#include "engines/user/agent/page_writer.h"
#include "engines/user/agent/space.h"

namespace dime::agent {

bool Space::fill(std::uint64_t address) const {
  return app_.copy(address, zero_page_) != -EAGAIN;
}

void Space::empty(std::uint64_t address) {
  if (copies_) {
    system_call(__NR_madvise, address & ~(kPageBytes - 1), kPageBytes, MADV_DONTNEED);
    return;
  }
  const std::uint32_t slot = shadow_.take();
  if (slot == Shadow::kNone) {
    return;
  }
  if (shadow_.move_in(slot, address & ~(kPageBytes - 1)) == 0) {
    shadow_.discard(slot);
  } else {
    shadow_.give_back_empty(slot);
  }
}

long Space::fill_zeroed(PageId id) const {
  return app_.copy(instance_.pool().page(id).address(), zero_page_);
}

Opened Space::filled_zeroed(long filled) {
  switch (filled) {
    case 0:
      return Opened::kDone;
    case -EAGAIN:
      return Opened::kRetry;
    case -EEXIST:
      return Opened::kPresent;
    default:
      return Opened::kGone;
  }
}

Opened Space::open_zeroed(PageId id) {
  const Opened opened = filled_zeroed(fill_zeroed(id));
  if (opened == Opened::kPresent || opened == Opened::kGone) {
    app_.wake(instance_.pool().page(id).address());
  }
  return opened;
}

unsigned Space::open_behind(PageId id) {
  if (!tiers_.samples()) {
    return 0;
  }
  const PageNumber page = instance_.pool().page(id);
  const unsigned wanted = touch_ahead_.touched(page);
  PageId ids[TouchAhead::kMost] = {};
  unsigned count = 0;
  while (count < wanted) {
    const PageNumber next{page.value + 1 + count};
    const PageId behind = tiers_.is_sampled(next) ? kNoPage : table_.obtain(next);
    if (behind == kNoPage || instance_.pool().record(behind).state != PageState::kUntouched) {
      break;
    }
    ids[count++] = behind;
  }
  if (zero_run_ == 0) {
    zero_run_ = reinterpret_cast<std::uint64_t>(arena_.allocate(TouchAhead::kMost * kPageBytes));
  }
  if (count == 0 || zero_run_ == 0) {
    return 0;
  }
  const long copied = app_.copy_run(page.address() + kPageBytes, zero_run_, count);
  const unsigned opened = failed(copied) ? 0 : static_cast<unsigned>(copied);
  for (unsigned i = 0; i < opened; ++i) {
    instance_.adopt(ids[i]);
    instance_.pool().record(ids[i]).slot = Shadow::kNone;
  }
  touch_ahead_.opened(opened);
  return opened;
}

/// The page is no longer in its slot.
void Space::left_slot(PageRecord& record) {
  record.slot = shadow_.sum(record.slot);
  record.flags = static_cast<std::uint8_t>(record.flags & ~kTaken);
}

Opened Space::copy_home(PageId id) {
  PageRecord& record = instance_.pool().record(id);
  const std::uint64_t address = instance_.pool().page(id).address();
  const long copied = app_.copy(address, shadow_.address(record.slot));
  if (copied == -EAGAIN || copied == -ENOMEM) {
    return Opened::kRetry;
  }
  shadow_.discard(record.slot);
  left_slot(record);
  if (copied != 0) {
    app_.wake(address);
  }
  return copied == 0 ? Opened::kDone : copied == -EEXIST ? Opened::kPresent : Opened::kGone;
}

long Space::move_home(PageId id) const {
  if (copies_) {
    return copy_home_quietly(id);
  }
  // On the inline path nobody waits in the kernel, so nobody is woken.
  return app_.move(instance_.pool().page(id).address(),
                   shadow_.address(instance_.pool().record(id).slot), threads_ == nullptr);
}

long Space::copy_home_quietly(PageId id) const {
  return app_.copy(instance_.pool().page(id).address(),
                   shadow_.address(instance_.pool().record(id).slot), /*wakes=*/false);
}

/// `free` says what becomes of the slot.
Opened Space::came_home(PageId id, long result, void (Shadow::*free)(std::uint32_t slot)) {
  if (result == 0) {
    PageRecord& record = instance_.pool().record(id);
    (shadow_.*free)(record.slot);
    left_slot(record);
    return Opened::kDone;
  }
  return result == -EAGAIN ? Opened::kRetry : copy_home(id);
}

Opened Space::open_remote(PageId id) {
  return moved_home(id, move_home(id));
}

bool Space::unshare(std::uint64_t address) const {
  // An atomic "or 0" by the kernel on the page's last word: a write fault that changes nothing, and
  // EFAULT instead of a signal where the page is gone or not writable.
  constexpr std::uint32_t kOrZero = 2u << 28;
  std::uint32_t own = 0;
  const long result =
      system_call(__NR_futex, &own, /*FUTEX_WAKE_OP|PRIVATE=*/5L | 128L, 0L, 0L,
                  address + kPageBytes - sizeof(std::uint32_t), static_cast<long>(kOrZero));
  return !failed(result);
}

long Space::move_out(PageId id, std::uint32_t slot) {
  const std::uint64_t address = instance_.pool().page(id).address();
  if (copies_) {
    const long copied = copy_out(app_, shadow_, slot, address, 1);
    if (copied == 1) {
      note_sum(slot);
    }
    return copied == 1 ? 0 : copied;
  }
  long moved = shadow_.move_in(slot, address);
  for (unsigned tries = 0; moved == -EAGAIN && tries < 100; ++tries) {
    moved = shadow_.move_in(slot, address);
  }
  if (moved == -EBUSY && unshare(address)) {
    moved = shadow_.move_in(slot, address);
  }
  if (moved == 0) {
    note_sum(slot);
  }
  return moved;
}

/// Nobody can write to the slot's page any more, so the sum is that of what will come back.
void Space::note_sum(std::uint32_t slot) {
  shadow_.sum(slot) = tells_clean_
                          ? page_sum::of(reinterpret_cast<const void*>(shadow_.address(slot)))
                          : page_sum::kUnknown;
}

long Space::move_run_out(PageId id, std::uint32_t slot, unsigned count) {
  if (count > 1) {
    const std::uint64_t address = instance_.pool().page(id).address();
    const long moved = copies_ ? copy_out(app_, shadow_, slot, address, count)
                               : shadow_.move_run_in(slot, address, count);
    for (long i = 0; i < moved; ++i) {
      note_sum(slot + static_cast<std::uint32_t>(i));
    }
    if (moved > 0) {
      return moved;
    }
  }
  const long moved = move_out(id, slot);
  return moved == 0 ? 1 : moved;
}

void Space::set_ahead(PageId id, bool ahead) {
  __atomic_store_n(&instance_.pool().record(id).flags, ahead ? kAhead : std::uint8_t{0},
                   __ATOMIC_RELEASE);
}

void Space::gone_ahead(PageId id, std::uint32_t slot) {
  PageRecord& record = instance_.pool().record(id);
  const Closed how = change_of(record, slot);
  const unsigned result = how == Closed::kDirty     ? kOutDirty
                          : how == Closed::kUnknown ? kOutUnknown
                                                    : 0u;
  __atomic_store_n(&record.flags, static_cast<std::uint8_t>(kAhead | kOut | result),
                   __ATOMIC_RELEASE);
}

Closed Space::take_ahead(PageId id, std::uint8_t flags_from_now_on) {
  PageRecord& record = instance_.pool().record(id);
  const std::uint8_t flags = record.flags;
  __atomic_store_n(&record.flags, flags_from_now_on, __ATOMIC_RELEASE);
  return (flags & kOutDirty) != 0     ? Closed::kDirty
         : (flags & kOutUnknown) != 0 ? Closed::kUnknown
                                      : Closed::kClean;
}

void Space::bring_back(PageId id) {
  while (open_remote(id) == Opened::kRetry) {
  }
  came_back(id);
}

/// A page that was out, but not remote, is where it belongs again.
void Space::came_back(PageId id) {
  PageRecord& record = instance_.pool().record(id);
  const std::uint8_t flags = record.flags;
  // What is on the other side is still what it was before: where that differs from the page, any
  // other sum than the page's says so.
  if ((flags & kOutDirty) != 0) {
    record.slot ^= 1U;
  } else if ((flags & kOutUnknown) != 0) {
    record.slot = page_sum::kUnknown;
  }
  set_ahead(id, false);
}

void Space::keep_out(PageId id) {
  // What is in its slot is what is on the other side: evicted again, it is clean. Who asks without
  // the lock whether the page is there sees this before it sees that the page counts as local.
  __atomic_store_n(&instance_.pool().record(id).flags, static_cast<std::uint8_t>(kAhead | kOut),
                   __ATOMIC_SEQ_CST);
}

Opened Space::fetch_home(PageId id) {
  const bool remote = instance_.pool().record(id).state == PageState::kRemote;
  const Opened opened = open_remote(id);
  if (opened == Opened::kRetry) {
    return opened;
  }
  if (!remote) {
    came_back(id);
  }
  return opened;
}

/// `record`'s page lies in `slot` now: whether it is what is on the other side.
Closed Space::change_of(PageRecord& record, std::uint32_t slot) {
  const std::uint32_t before = record.slot == Shadow::kNone ? zeros_ : record.slot;
  const std::uint32_t now = shadow_.sum(slot);
  record.slot = slot;
  if (before == page_sum::kUnknown || now == page_sum::kUnknown) {
    return Closed::kUnknown;
  }
  return before == now ? Closed::kClean : Closed::kDirty;
}

Closed Space::moved_out(PageId id, std::uint32_t slot, long moved) {
  if (moved == 0) {
    return change_of(instance_.pool().record(id), slot);
  }
  if (moved == -EEXIST) {
    // The slot was not empty: leave it out of use rather than overwrite what is in it.
    return Closed::kBusy;
  }
  shadow_.give_back_empty(slot);
  const bool later = moved == -EAGAIN || moved == -ENOMEM;
  return moved == -ENOENT ? Closed::kGone : later ? Closed::kBusy : Closed::kRefused;
}

Closed Space::close(PageId id) {
  PageRecord& record = instance_.pool().record(id);
  if (is_pinned(instance_.pool().page(id).address())) {
    return Closed::kRefused;
  }
  if ((record.flags & kAhead) != 0) {
    return (record.flags & kOut) != 0 ? take_ahead(id, kTaken) : Closed::kBusy;
  }
  if (threads_ != nullptr) {
    // Who starts to use it now sees that it goes; who used it before is seen here.
    record.state = PageState::kEvicting;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (threads_->holds(instance_.pool().page(id).address())) {
      record.state = PageState::kLocal;
      return Closed::kBusy;
    }
  }
  const std::uint32_t slot = shadow_.take();
  Closed how = Closed::kBusy;
  if (slot != Shadow::kNone) {
    how = moved_out(id, slot, move_out(id, slot));
  }
  if (threads_ != nullptr) {
    record.state = PageState::kLocal;
  }
  return how;
}

void Space::write_remote_pages() {
  PageWriter writer;
  table_.for_each(kAddressSpace, [&](PageId id) {
    const PageRecord& record = instance_.pool().record(id);
    if (lies_in_slot(record)) {
      writer.write(instance_.pool().page(id).address(), shadow_.address(record.slot));
    }
  });
}

void Space::fill_child(const Userfault& child) {
  table_.for_each(kAddressSpace, [&](PageId id) {
    const PageRecord& record = instance_.pool().record(id);
    const bool away = lies_in_slot(record) ||
                      (record.state == PageState::kInFlight && record.slot != Shadow::kNone);
    if (!away) {
      return;
    }
    const std::uint64_t address = instance_.pool().page(id).address();
    long copied = child.copy(address, shadow_.address(record.slot));
    for (unsigned tries = 0; copied == -EAGAIN && tries < 1000; ++tries) {
      uffd_msg message;
      if (child.read(&message, 1) == 1 && message.event == UFFD_EVENT_FORK) {
        Userfault grandchild;
        grandchild.adopt(static_cast<int>(message.arg.fork.ufd));
        fill_child(grandchild);
        grandchild.close();
      }
      copied = child.copy(address, shadow_.address(record.slot));
    }
  });
}

}  // namespace dime::agent
