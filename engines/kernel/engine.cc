// SPDX-License-Identifier: GPL-2.0
// The core as the shim calls it: see bridge.h for the contract of each function.
//
// A fault is decided under one hold of the instance's lock. The page-table entry that the shim read
// under the same lock is the truth, and the records are corrected where they disagree: pages may be
// unmapped, moved and opened by the kernel without a word. Room is made before the fault is begun,
// because begin() reserves the wire and a page without room would have to give it back.
//
// What a fault runs through is one translation unit: without link-time optimisation, a call that
// the compiler cannot see through costs as much as most of these functions do.
#include "bridge.h"
#include "core/events.cc"
#include "core/histogram.cc"
#include "core/instance.cc"
#include "core/link.cc"
#include "core/local_set.cc"
#include "core/page_table.cc"
#include "core/placement.h"
#include "core/policy_choice.h"
#include "core/ranking.cc"
#include "core/transfers.cc"
#include "policies/fifo.cc"
#include "rules.h"

inline void* operator new(__SIZE_TYPE__, void* where) noexcept {
  return where;
}

namespace {

using namespace dime;

// Evictions in one hold of the lock: bounded by what a batch takes.
constexpr std::uint64_t kTrimStep = 8;

class ShimMemory final : public Memory {
 public:
  explicit ShimMemory(dk_instance* instance) : instance_(instance) {}
  void* allocate(std::uint64_t bytes) override { return dk_shim_allocate(instance_, bytes); }
  void release(void* block, std::uint64_t bytes) override {
    dk_shim_release(instance_, block, bytes);
  }

 private:
  dk_instance* instance_;
};

Closed as_core(dk_closed how) {
  switch (how) {
    case DK_CLOSED_DIRTY:
      return Closed::kDirty;
    case DK_CLOSED_CLEAN:
      return Closed::kClean;
    case DK_CLOSED_GONE:
      return Closed::kGone;
    case DK_CLOSED_REFUSED:
      return Closed::kRefused;
    case DK_CLOSED_BUSY:
      break;
  }
  return Closed::kBusy;
}

}  // namespace

static_assert(static_cast<int>(PageState::kInFlight) == DK_STATE_IN_FLIGHT);

struct dk_core {
  dk_core(dk_instance* owner, dime_control* control)
      : shim(owner),
        memory(owner),
        parameters(control->parameters),
        levels(control->levels),
        counters(control->counters),
        instance_id(control->instance_id),
        instance(memory, {control->parameters,
                          control->counters,
                          control->levels,
                          control->stall_ns,
                          {},
                          {&control->jitter, &control->fetch_times, &control->schedule},
                          {control->placement.tiers, control->tier_uses, nullptr}}) {
    instance.use_link(control->link);
    instance.use_accessed(
        [](void* context, PageId id) {
          auto* const core = static_cast<dk_core*>(context);
          PagePool& pool = core->instance.pool();
          return dk_shim_accessed(core->shim, pool.space(id), pool.page(id).value);
        },
        this);
  }

  /// Closes victims for the core.
  auto closer(dk_batch* batch) {
    return [this, batch](PageId id) {
      PagePool& pool = instance.pool();
      return as_core(dk_shim_close(shim, pool.space(id), pool.page(id).value, batch));
    };
  }

  dk_instance* shim;
  ShimMemory memory;
  dime_parameters& parameters;
  dime_levels& levels;
  dime_counters& counters;
  std::uint32_t instance_id;
  unsigned tier = 0;  ///< of the next page that is seen for the first time
  Instance instance;
};

struct dk_table {
  dk_table(dk_core& core, std::uint32_t space) : pages(core.instance.pool(), core.memory, space) {}
  PageTable pages;
};

namespace {

/// Corrects the record where the entry says otherwise. Returns the page's state.
PageState reconcile(dk_core& core, PageId id, dk_entry entry) {
  const PageState state = core.instance.pool().record(id).state;
  const bool known =
      state == PageState::kLocal || state == PageState::kRemote || state == PageState::kUnmovable;
  if (entry == DK_ENTRY_NONE && known) {
    core.instance.forget(id);
    return PageState::kUntouched;
  }
  return state;
}

/// Whether a fault on a page in this state needs room, and so may evict.
bool needs_room(PageState state, dk_entry entry) {
  if (state == PageState::kUntouched) {
    // An entry that is open was mapped behind our back and faults for another reason.
    return true;
  }
  return state == PageState::kRemote && entry != DK_ENTRY_OPEN;
}

dk_verdict verdict_of(PageState state, dk_entry entry) {
  switch (state) {
    case PageState::kUntouched:
      return DK_FIRST_TOUCH;
    case PageState::kRemote:
      return entry == DK_ENTRY_OPEN ? DK_LET_PASS : DK_REMOTE;
    case PageState::kInFlight:
      return DK_JOINED;
    case PageState::kLocal:
    case PageState::kUnmovable:
    case PageState::kEvicting:
      break;
  }
  return entry == DK_ENTRY_CLOSED ? DK_REOPEN : DK_LET_PASS;
}

}  // namespace

extern "C" {

uint64_t dk_core_bytes() {
  return sizeof(dk_core);
}

uint64_t dk_core_table_bytes() {
  return sizeof(dk_table);
}

dk_core* dk_core_create(void* memory, dk_instance* instance, dime_control* control) {
  return new (memory) dk_core(instance, control);
}

void dk_core_destroy(dk_core* core) {
  core->~dk_core();
}

int dk_core_use_policy(dk_core* core, uint32_t tier, const dime_policy_ops* ops, const char* text) {
  const std::uint64_t seed = policy_seed(core->instance_id, tier, 0);
  PolicyChoice choice;
  const bool well = policy_choice::read(*ops, text, choice).ok();
  return well && core->instance.use_policy(tier, *ops, seed, choice.values) ? 0 : -1;
}

int dk_core_check_policy(const dime_policy_ops* ops, const char* text) {
  PolicyChoice choice;
  const bool well = policy_choice::read(*ops, text, choice).ok();
  return well && (choice.blind_ok || !policy_choice::is_blind(*ops, DIME_SEES_ACCESSED)) ? 0 : -1;
}

const dime_policy_ops* dk_core_fifo() {
  return &policies::kFifo;
}

void dk_core_use_link(dk_core* core, dime_link* link) {
  core->instance.use_link(*link);
}

uint64_t dk_core_limit(dk_core* core) {
  return core->instance.limit();
}

dk_table* dk_core_table_create(void* memory, dk_core* core, uint32_t space) {
  return new (memory) dk_table(*core, space);
}

void dk_core_table_destroy(dk_core* core, dk_table* table) {
  table->pages.for_each({0, ~std::uint64_t{0} >> 1},
                        [core](PageId id) { core->instance.forget(id); });
  table->~dk_table();
}

[[gnu::flatten]] void dk_core_fault(dk_core* core, dk_table* table, uint64_t page, dk_entry entry,
                                    dk_batch* batch, dk_fault* fault) {
  const Nanos at{fault->at_ns};
  const PageId id = table->pages.obtain({page});
  if (id == kNoPage) {
    fault->verdict = DK_NO_MEMORY;
    return;
  }
  fault->page = id;
  PageState state = core->instance.pool().record(id).state;
  // The common case is told apart here, so that it is not asked for twice below.
  const bool remote = state == PageState::kRemote && entry == DK_ENTRY_CLOSED;
  if (!remote) {
    state = reconcile(*core, id, entry);
  }
  const bool room_needed = remote || needs_room(state, entry);
  Nanos writeback_end;
  if (room_needed && fault->force != 0) {
    core->instance.force_room(id);
  } else if (room_needed) {
    // If the limit has sunk, a few at a time, so that the batch suffices.
    const Room room = core->instance.make_room(id, at, core->closer(batch), kTrimStep);
    if (!room.made) {
      fault->verdict = DK_AGAIN;
      fault->kind = core->instance.fetching_for(id) ? 1 : 0;
      return;
    }
    writeback_end = room.writeback_end;
  }
  fault->verdict = remote ? DK_REMOTE : verdict_of(state, entry);
  if (fault->verdict == DK_LET_PASS || fault->verdict == DK_REOPEN) {
    return;
  }
  const Fault begun = core->instance.begin(id, at);
  fault->kind = static_cast<std::uint32_t>(begun.kind);
  fault->ready_ns = later(begun.ready, writeback_end).value;
  if (begun.kind == FaultKind::kJoined) {
    fault->state = reinterpret_cast<const std::uint8_t*>(&core->instance.pool().record(id).state);
  }
}

[[gnu::flatten]] void dk_core_finish(dk_core* core, const dk_fault* fault, uint64_t stall) {
  core->instance.finish(fault->page, {static_cast<FaultKind>(fault->kind), {fault->ready_ns}},
                        {stall});
}

void dk_core_abandon(dk_core* core, const dk_fault* fault) {
  core->instance.abandon(fault->page, {static_cast<FaultKind>(fault->kind), {}});
  core->instance.cancel_room(fault->page);
}

dk_adopted dk_core_adopt(dk_core* core, dk_table* table, uint64_t page, dk_entry entry) {
  const PageId id = table->pages.obtain({page});
  if (id == kNoPage) {
    return DK_ADOPTED_NO_MEMORY;
  }
  Instance& instance = core->instance;
  if (instance.pool().record(id).state != PageState::kUntouched) {
    return DK_ADOPTED_KNOWN;
  }
  if (entry == DK_ENTRY_OPEN && !instance.full_for(id)) {
    instance.adopt(id);
    return DK_ADOPTED_LOCAL;
  }
  instance.adopt_remote(id);
  return entry == DK_ENTRY_OPEN ? DK_ADOPTED_CLOSE : DK_ADOPTED_KNOWN;
}

uint64_t dk_core_visit(dk_core* core, dk_table* table, uint64_t first, uint64_t end,
                       void* context) {
  PagePool& pool = core->instance.pool();
  first = table->pages.next_known({first}).value;
  if (first >= end) {
    return end;
  }
  // A leaf at a time, so that the lock is not held for long.
  std::uint64_t stop = (first / kPagesPerLeaf + 1) * kPagesPerLeaf;
  stop = stop < end ? stop : end;
  table->pages.for_each({first << DIME_PAGE_SHIFT, stop << DIME_PAGE_SHIFT}, [&](PageId id) {
    const PageState state = pool.record(id).state;
    if (state != PageState::kInFlight) {
      dk_shim_visit(context, id, pool.page(id).value, state == PageState::kRemote);
    }
  });
  return stop;
}

void dk_core_forget(dk_core* core, uint32_t page) {
  core->instance.forget(page);
}

void dk_core_came_home(dk_core* core, dk_table* table, uint64_t page) {
  const PageId id = table->pages.obtain({page});
  if (id == kNoPage) {
    return;
  }
  const PageState state = core->instance.pool().record(id).state;
  if (state == PageState::kRemote) {
    core->instance.bring_home(id);
  } else if (state != PageState::kUntouched || !core->instance.adopt(id)) {
    return;
  }
  atomic::add(core->counters.late_adopted, std::uint64_t{1});
}

int dk_core_is_remote(dk_core* core, dk_table* table, uint64_t page) {
  const PageId id = table->pages.find({page});
  return id != kNoPage && core->instance.pool().record(id).state == PageState::kRemote;
}

int dk_core_over(dk_core* core) {
  return core->instance.over() ? 1 : 0;
}

uint64_t dk_core_trim(dk_core* core, uint64_t now, uint64_t most, dk_batch* batch) {
  Instance& instance = core->instance;
  const std::uint64_t step = most < kTrimStep ? most : kTrimStep;
  const std::uint64_t gone = instance.trim({now}, step, core->closer(batch));
  return gone + instance.trim_tiers({now}, step - gone, core->closer(batch));
}

void dk_core_bring_home(dk_core* core, uint32_t page) {
  core->instance.bring_home(page);
}

void dk_core_set_tier(dk_core* core, uint32_t tier) {
  core->tier = tier;
}

void dk_core_use_tiers(dk_core* core, const dime_placement* rules, dime_link* const* links) {
  Instance& instance = core->instance;
  for (unsigned tier = 1; tier < DIME_MAX_TIERS; ++tier) {
    instance.use_own_set(tier, placement::has_own_set(*rules, tier));
    instance.use_link(tier, links[tier]);
  }
  instance.use_tiers([](void* context, PageId) { return static_cast<dk_core*>(context)->tier; },
                     core);
}

uint64_t dk_core_replace(dk_core* core, dk_table* table, const dime_placement* rules,
                         const dk_facts* facts, uint32_t* matched, uint64_t first, uint64_t end) {
  PagePool& pool = core->instance.pool();
  first = table->pages.next_known({first}).value;
  if (first >= end) {
    return end;
  }
  std::uint64_t stop = (first / kPagesPerLeaf + 1) * kPagesPerLeaf;
  stop = stop < end ? stop : end;
  table->pages.for_each({first << DIME_PAGE_SHIFT, stop << DIME_PAGE_SHIFT}, [&](PageId id) {
    core->instance.place(id, dk_rules_tier(rules, facts, pool.page(id).address(), matched));
  });
  return stop;
}

}  // extern "C"
