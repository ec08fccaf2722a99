// SPDX-License-Identifier: GPL-2.0
// Which memory is managed, and what is known of it. How its pages move: space_moves.cc.
#include "engines/user/agent/space.h"

#include "engines/user/agent/clock.h"
#include "engines/user/agent/mappings.h"

namespace dime::agent {

long Space::create() {
  long opened = app_.open(Userfault::Events::kAll, Userfault::Use::kMoves);
  fork_events_ = !failed(opened);
  if (!fork_events_) {
    opened = app_.open(Userfault::Events::kAllButFork, Userfault::Use::kMoves);
  }
  if (failed(opened)) {
    return opened;
  }
  not_ours_ = &left_alone_;
  maps_ = MappingReader::open();
  if (!left_alone_.start(arena_)) {
    app_.close();
    return -ENOMEM;
  }
  return set_up();
}

long Space::create_for_threads(Regions& managed, Regions& excluded, Threads& threads, bool copies) {
  copies_ = copies;
  managed_ = &managed;
  not_ours_ = &excluded;
  threads_ = &threads;
  const long opened = open_for_threads();
  return failed(opened) ? opened : set_up();
}

long Space::open_for_threads() {
  return app_.open(Userfault::Events::kSignals,
                   copies_ ? Userfault::Use::kProtects : Userfault::Use::kMoves);
}

long Space::set_up() {
  if (const long made = shadow_.create(arena_, copies_); failed(made)) {
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
  if (maps_ >= 0) {
    system_call(__NR_close, maps_);
    maps_ = -1;
  }
  app_.close();
  shadow_.destroy();
}

void Space::disown() {
  app_.disown();
  shadow_.descriptor().disown();
}

void Space::note_inherited() {
  if (instance_.events().are_on()) {
    table_.for_each(kAddressSpace, [this](PageId id) { instance_.note_inherited(id); });
  }
}

void Space::exclude(AddressRange range) {
  if (excluded_count_ < 8 && !range.empty()) {
    excluded_[excluded_count_++] = range.whole_pages();
  }
}

template <class Visit>
void Space::for_each_manageable(Visit&& visit) const {
  MappingReader reader(maps_ >= 0 ? maps_ : MappingReader::open(), /*closes=*/maps_ < 0);
  Mapping mapping{};
  while (reader.next(mapping)) {
    bool ours = is_manageable(mapping);
    for (unsigned i = 0; i < excluded_count_; ++i) {
      ours = ours && !excluded_[i].intersects(mapping.range);
    }
    if (ours && (threads_ == nullptr || mapping.kind != DIME_KIND_STACK)) {
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
  retier(kAddressSpace);
}

void Space::judge_new(AddressRange range, dime_kind kind) {
  tiers_.unmapped(range);
  if (tiers_.in_use()) {
    tiers_.judge(range, kind, "", [this](AddressRange part) { retier(part); });
  }
}

bool Space::named(AddressRange range, const char* name) {
  const bool kept = tiers_.name(arena_, range.whole_pages(), name);
  if (tiers_.in_use()) {
    judge_all();
  }
  return kept;
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

std::uint64_t& Space::kept_place(std::uint64_t address) {
  return kept_[(address >> DIME_PAGE_SHIFT) * 0x9e3779b97f4a7c15u >> 56];
}

void Space::pin(std::uint64_t address) {
  std::uint64_t& place = kept_place(address);
  kept_count_ += place == 0 ? 1 : 0;
  place = address;
}

void Space::keep_stacks() {
  std::uint64_t guard_end = 0;
  for_each_manageable([&](const Mapping& mapping) {
    if (mapping.writable && mapping.range.begin == guard_end) {
      pin(mapping.range.end - kPageBytes);
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

bool Space::is_pinned(std::uint64_t address) {
  return kept_count_ != 0 && kept_place(address) == address && kept_count_ * 2 <= instance_.limit();
}

long Space::reopen() {
  app_.close();
  shadow_.descriptor().close();
  long result = open_for_threads();
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

void Space::unregister_all() {
  if (app_.fd() >= 0) {
    managed_->for_each([&](AddressRange range) { app_.unregister(range); });
  }
  managed_->remove(kAddressSpace);
}

void Space::unregister_manageable() {
  for_each_manageable([&](const Mapping& mapping) { app_.unregister(mapping.range); });
  for (std::uint64_t i = 0; i < kKnown; ++i) {
    known_[i] = {};
  }
}

void Space::leave_alone(AddressRange range) {
  app_.unregister(range);
  not_ours_->add(range);
}

void Space::manage_again(AddressRange range) {
  not_ours_->remove(range);
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
    instance_.relocate(id, place);
  });
}

}  // namespace dime::agent
