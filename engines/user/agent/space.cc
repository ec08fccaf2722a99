// SPDX-License-Identifier: GPL-2.0
// Errors of the moves, and what each means here (measured on Linux 6.18, and read in
// mm/userfaultfd.c):
//   EAGAIN  an event is unread, or a lock was contended: read events, try again.
//   EEXIST  the destination is not a hole: the page is there (Userfault has made sure of that).
//   ENOENT  the source is a hole, or the destination is not registered: unmapped meanwhile.
//   EBUSY   the page is shared copy-on-write or pinned. A write unshares it; a pin stays.
//   EINVAL  the two mappings have different rights (read-only, executable): copy instead, or leave
//   the page alone.
#include "engines/user/agent/space.h"

#include "engines/user/agent/clock.h"
#include "engines/user/agent/mappings.h"

namespace dime::agent {
namespace {

constexpr AddressRange kEverything{0, kAddressSpaceEnd};

}  // namespace

long Space::create() {
  long opened = app_.open(Userfault::Events::kAll);
  fork_events_ = !failed(opened);
  if (!fork_events_) {
    opened = app_.open(Userfault::Events::kAllButFork);
  }
  return failed(opened) ? opened : set_up();
}

long Space::create_for_threads(Regions& managed, Regions& excluded, Threads& threads) {
  managed_ = &managed;
  not_ours_ = &excluded;
  threads_ = &threads;
  const long opened = app_.open(Userfault::Events::kSignals);
  return failed(opened) ? opened : set_up();
}

long Space::set_up() {
  if (const long made = shadow_.create(arena_); failed(made)) {
    app_.close();
    return made;
  }
  zero_page_ = reinterpret_cast<std::uint64_t>(arena_.allocate(kPageBytes));
  if (page_sum::is_available()) {
    zeros_ = page_sum::of(reinterpret_cast<const void*>(zero_page_));
  }
  known_ = static_cast<AddressRange*>(arena_.allocate(kKnown * sizeof(AddressRange)));
  exclude(arena_.all());
  return 0;
}

void Space::destroy() {
  app_.close();
  shadow_.destroy();
}

void Space::exclude(AddressRange range) {
  if (excluded_count_ < 8 && !range.empty()) {
    excluded_[excluded_count_++] = range.whole_pages();
  }
}

template <class Visit>
void Space::for_each_manageable(Visit&& visit) const {
  MappingReader reader;
  Mapping mapping{};
  while (reader.next(mapping)) {
    bool ours = is_manageable(mapping);
    for (unsigned i = 0; i < excluded_count_; ++i) {
      ours = ours && !excluded_[i].intersects(mapping.range);
    }
    if (ours && not_ours_ == nullptr) {
      visit(mapping);
    } else if (ours && mapping.kind != DIME_KIND_STACK) {
      not_ours_->for_each_outside(mapping.range, [&](AddressRange part) {
        Mapping rest = mapping;
        rest.range = part;
        visit(rest);
      });
    }
  }
}

bool Space::start_tiers(const char* comm, std::uint32_t* matched) {
  if (!tiers_.start(arena_, comm, matched)) {
    return false;
  }
  instance_.use_tiers(
      [](void* context, PageId id) {
        auto& self = *static_cast<Space*>(context);
        return self.tiers_.at(self.instance_.pool().page(id).address());
      },
      this);
  return true;
}

void Space::retier(AddressRange range) {
  table_.for_each(range, [&](PageId id) {
    instance_.place(id, tiers_.at(instance_.pool().page(id).address()));
    const PageRecord& record = instance_.pool().record(id);
    strays_ = strays_ || (record.tier == DIME_TIER_LOCAL && record.state != PageState::kLocal);
  });
}

void Space::judge(const Mapping& mapping) {
  tiers_.judge(mapping.range, mapping.kind, mapping.label,
               [this](AddressRange part) { retier(part); });
}

void Space::judge_all() {
  for_each_manageable([this](const Mapping& mapping) { judge(mapping); });
  retier(kEverything);
}

void Space::judge_new(AddressRange range, dime_kind kind) {
  tiers_.unmapped(range);
  if (tiers_.in_use()) {
    tiers_.judge(range, kind, "", [this](AddressRange part) { retier(part); });
  }
}

void Space::named(AddressRange range, const char* name) {
  tiers_.name(arena_, range.whole_pages(), name);
  if (tiers_.in_use()) {
    judge_all();
  }
}

void Space::place(AddressRange range, unsigned tier) {
  range = range.whole_pages();
  tiers_.place(range, tier);
  retier(range);
}

void Space::make_place(PageId id) {
  if (!instance_.full_for(id)) {
    return;
  }
  if (!instance_.shares_limit(id)) {
    instance_.borrow_for(id);
    return;
  }
  const auto close_page = [this](PageId victim) { return close(victim); };
  if (evict_to_adopt_ && instance_.local_pages() > kAdoptedAtLeast &&
      instance_.evict(clock::now(), 1, close_page) == 1) {
    return;
  }
  instance_.borrow(1);
}

long Space::adopt(AddressRange range) {
  const long registered = app_.register_missing(range);
  if (failed(registered)) {
    return registered;
  }
  system_call(__NR_madvise, range.begin, range.bytes(), /*MADV_NOHUGEPAGE=*/15L);
  if (managed_ != nullptr) {
    managed_->add(range);
  }
  long taken = 0;
  for_each_present(range, [&](AddressRange run) {
    for (std::uint64_t at = run.begin; at < run.end; at += kPageBytes) {
      const PageId id = table_.obtain(PageNumber::of(at));
      if (id == kNoPage || instance_.pool().record(id).state != PageState::kUntouched) {
        continue;
      }
      make_place(id);
      instance_.adopt(id);
      instance_.pool().record(id).slot = Shadow::kNone;
      ++taken;
    }
  });
  return taken;
}

// The kernel gives a mapping its anon_vma with its first page, and mappings with different ones
// never merge. Natively, reading a hole does not need one (it shows the zero page); filling it
// does. So the whole gets one while it is whole.
void Space::prime(std::uint64_t address) {
  if (app_.copy(address, zero_page_) == 0) {
    empty(address);
  }
}

bool Space::remember(AddressRange mapping) {
  AddressRange& place = known_[(mapping.begin >> DIME_PAGE_SHIFT) * 0x9e3779b97f4a7c15u >> 52];
  const bool known = place == mapping;
  place = mapping;
  return known;
}

long Space::adopt_new() {
  long taken = 0;
  long problem = 0;
  for_each_manageable([&](const Mapping& mapping) {
    if (tiers_.in_use()) {
      judge(mapping);
    }
    if (remember(mapping.range)) {
      return;
    }
    const long result = adopt(mapping.range);
    if (result == -EBUSY) {
      problem = result;
      static_cast<void>(remember({mapping.range.begin, 0}));
    } else if (!failed(result)) {
      taken += result;
    }
  });
  return problem != 0 ? problem : taken;
}

std::uint64_t Space::survey() const {
  std::uint64_t pages = 0;
  for_each_manageable([&](const Mapping& mapping) {
    for_each_present(mapping.range, [&](AddressRange run) { pages += run.bytes() / kPageBytes; });
  });
  return pages;
}

bool Space::fill(std::uint64_t address) const {
  return app_.copy(address, zero_page_) != -EAGAIN;
}

void Space::empty(std::uint64_t address) {
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

Opened Space::copy_home(PageId id) {
  PageRecord& record = instance_.pool().record(id);
  const std::uint64_t address = instance_.pool().page(id).address();
  const long copied = app_.copy(address, shadow_.address(record.slot));
  if (copied == -EAGAIN) {
    return Opened::kRetry;
  }
  shadow_.discard(record.slot);
  record.slot = shadow_.sum(record.slot);
  if (copied != 0) {
    app_.wake(address);
  }
  return copied == 0 ? Opened::kDone : copied == -EEXIST ? Opened::kPresent : Opened::kGone;
}

long Space::move_home(PageId id) const {
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
    record.slot = shadow_.sum(record.slot);
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

std::uint64_t& Space::kept_place(std::uint64_t address) {
  return kept_[(address >> DIME_PAGE_SHIFT) * 0x9e3779b97f4a7c15u >> 56];
}

void Space::keep(std::uint64_t address) {
  std::uint64_t& place = kept_place(address);
  kept_count_ += place == 0 ? 1 : 0;
  place = address;
}

void Space::keep_stacks() {
  std::uint64_t guard_end = 0;
  for_each_manageable([&](const Mapping& mapping) {
    if (mapping.writable && mapping.range.begin == guard_end) {
      keep(mapping.range.end - kPageBytes);
    }
    guard_end = mapping.readable || mapping.writable ? 0 : mapping.range.end;
  });
}

void Space::let_go(AddressRange range) {
  for (std::uint64_t& place : kept_) {
    if (range.contains(place)) {
      place = 0;
      --kept_count_;
    }
  }
}

bool Space::is_kept(std::uint64_t address) {
  return kept_count_ != 0 && kept_place(address) == address && kept_count_ * 2 <= instance_.limit();
}

long Space::move_out(PageId id, std::uint32_t slot) {
  const std::uint64_t address = instance_.pool().page(id).address();
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
    const long moved = shadow_.move_run_in(slot, instance_.pool().page(id).address(), count);
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

Closed Space::take_ahead(PageId id) {
  const std::uint8_t flags = instance_.pool().record(id).flags;
  set_ahead(id, false);
  return (flags & kOutDirty) != 0     ? Closed::kDirty
         : (flags & kOutUnknown) != 0 ? Closed::kUnknown
                                      : Closed::kClean;
}

void Space::bring_back(PageId id) {
  PageRecord& record = instance_.pool().record(id);
  const std::uint8_t flags = record.flags;
  while (open_remote(id) == Opened::kRetry) {
  }
  // What is on the other side is still what it was before: where that differs from the page, any
  // other sum than the page's says so.
  if ((flags & kOutDirty) != 0) {
    record.slot ^= 1U;
  } else if ((flags & kOutUnknown) != 0) {
    record.slot = page_sum::kUnknown;
  }
  set_ahead(id, false);
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
  return moved == -ENOENT ? Closed::kGone : moved == -EAGAIN ? Closed::kBusy : Closed::kRefused;
}

Closed Space::close(PageId id) {
  PageRecord& record = instance_.pool().record(id);
  if (is_kept(instance_.pool().page(id).address())) {
    return Closed::kRefused;
  }
  if ((record.flags & kAhead) != 0) {
    return (record.flags & kOut) != 0 ? take_ahead(id) : Closed::kBusy;
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

long Space::reopen() {
  app_.close();
  shadow_.descriptor().close();
  long result = app_.open(Userfault::Events::kSignals);
  if (!failed(result)) {
    result = shadow_.reopen();
  }
  if (!failed(result)) {
    managed_->for_each([&](AddressRange range) {
      // A child lacks what was not to be inherited; the rest is registered piece by piece.
      if (failed(app_.register_missing(range))) {
        for_each_manageable([&](const Mapping& mapping) {
          static_cast<void>(app_.register_missing(mapping.range.intersection(range)));
        });
      }
    });
  }
  return result;
}

void Space::fill_own_holes() {
  table_.for_each(kEverything, [&](PageId id) {
    const PageRecord& record = instance_.pool().record(id);
    if (record.state == PageState::kRemote) {
      while (app_.copy(instance_.pool().page(id).address(), shadow_.address(record.slot)) ==
             -EAGAIN) {
      }
    }
  });
}

void Space::unregister_all() {
  managed_->for_each([&](AddressRange range) { app_.unregister(range); });
  managed_->remove(kEverything);
}

void Space::unmanage(AddressRange range) {
  tiers_.unmapped(range);
  managed_->remove(range.whole_pages());
  not_ours_->remove(range.whole_pages());
}

void Space::moved(std::uint64_t from, std::uint64_t to, std::uint64_t bytes) {
  tiers_.moved(from, to, bytes);
  table_.for_each({from, from + bytes}, [&](PageId id) {
    const std::uint64_t target = instance_.pool().page(id).address() - from + to;
    const PageId place = table_.obtain(PageNumber::of(target));
    if (place == kNoPage) {
      return;
    }
    instance_.forget(place);
    instance_.rename(id, place);
  });
}

void Space::fill_child(const Userfault& child) {
  table_.for_each(kEverything, [&](PageId id) {
    const PageRecord& record = instance_.pool().record(id);
    const bool away = record.state == PageState::kRemote ||
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
