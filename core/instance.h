// SPDX-License-Identifier: GPL-2.0
// An instance: decides what a touched page costs and which page goes for it.
//
// Pages move untouched -> local <-> remote, with in-flight between remote and local. An engine
// reports each fault with begin(), makes room with make_room() (which calls back to make a victim
// inaccessible), and reports with finish() that the page was opened. The instance never waits: it
// says when the access may proceed, and the engine spends the time.
//
// Several processes may share one instance: parameters, counters, levels, histogram and links then
// lie in the control block and are updated atomically, while each process has its own Instance
// object with its own pages and policy. The limit is exact across them: a page is counted before it
// is opened and until it is closed.
//
// Pages belong to tiers. A tier may have a latency, a bandwidth and a link of its own; the rest is
// the instance's. A tier with a limit of its own has a local set of its own (its limit, its
// ranking), the others share the instance's. The last tier, DIME_TIER_LOCAL, has no limit: its
// pages never leave.
//
// Not thread-safe; the engine calls it from one thread or under one lock. O(1) a fault.
#pragma once

#include "core/atomic.h"
#include "core/events.h"
#include "core/local_set.h"
#include "core/page_table.h"
#include "core/transfers.h"
#include "dime/policy.h"

namespace dime {

/// The shared records of the tiers, DIME_MAX_TIERS each. All null: there is one tier, the instance.
struct TierShared {
  const dime_tier* tiers = nullptr;
  dime_tier_use* uses = nullptr;
  dime_tier_part* parts = nullptr;  ///< this member's; null = nobody wants to know
};

/// The shared part of an instance. All references outlive the Instance.
struct InstanceShared {
  dime_parameters& parameters;
  dime_counters& counters;
  dime_levels& levels;
  dime_histogram& stalls;
  OwnLevels own = {};
  link::Network network = {};
  TierShared tiers = {};
};

enum class FaultKind : std::uint8_t {
  kFirstTouch,  ///< an allocation: open a zeroed page
  kRemote,      ///< fetch the page, open it at `ready`
  kJoined,      ///< already in flight: wait for that fetch
  kPresent,     ///< local or unmovable: nothing to do but to let the thread go on
};

struct Fault {
  FaultKind kind;
  Nanos ready;                     ///< the earliest time at which the access may proceed
  bool stall_is_anothers = false;  ///< of several pages of one request: recorded with another one
  std::uint8_t access = DIME_ACCESS_UNKNOWN;  ///< as describe_access() said
  std::uint32_t thread = 0;                   ///< the same
  Nanos at{};                                 ///< when the page was touched
  const CallStack* stack = nullptr;           ///< as describe_access() said
};

/// What became of a victim that the engine was told to close.
enum class Closed : std::uint8_t {
  kDirty,    ///< inaccessible now, and its data has to be written back
  kClean,    ///< inaccessible now, the remote copy was still good
  kUnknown,  ///< inaccessible now, and nobody looked whether it was changed: written back
  kGone,     ///< there was no page: unmapped or dropped by the program
  kRefused,  ///< cannot be made inaccessible as long as it is mapped
  kBusy,     ///< cannot be made inaccessible just now
};

struct Room {
  bool made;            ///< false: nothing left to evict here; another member has to give back
  Nanos writeback_end;  ///< the evicting thread stalls until then (write-back queue full); 0 = no
                        ///< stall
};

class Instance {
 public:
  Instance(Memory& memory, InstanceShared shared);
  ~Instance();
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  [[nodiscard]] PagePool& pool() { return pool_; }
  [[nodiscard]] const PagePool& pool() const { return pool_; }

  /// Uses `policy` from now on; the local pages move over in the old policy's order. False without
  /// memory, and then the old policy stays. Each Instance needs a policy before its first fault.
  /// `values` are those of the policy's parameters; null = the defaults.
  bool use_policy(const dime_policy_ops& policy, std::uint64_t seed,
                  const std::uint64_t* values = nullptr) {
    return use_policy(kShared, policy, seed, values);
  }
  /// The same for the local set of a tier that has, or is about to have, one of its own.
  bool use_policy(unsigned tier, const dime_policy_ops& policy, std::uint64_t seed,
                  const std::uint64_t* values = nullptr);
  [[nodiscard]] const dime_policy_ops* policy(unsigned tier = kShared) const {
    return sets_[tier].ranking().policy();
  }

  /// Fetches and write-backs queue on these from now on: those of tiers without a link of their
  /// own.
  void use_link(dime_link& link) { transfers_.use_link(kShared, &link); }
  /// The same for the pages of `tier`; null = the instance's.
  void use_link(unsigned tier, dime_link* link) { transfers_.use_link(tier, link); }

  /// Says to which tier a page belongs that is touched for the first time. `context` outlives the
  /// Instance. Without it all pages are of tier 0.
  using TierOf = unsigned (*)(void* context, PageId id);
  void use_tiers(TierOf tier_of, void* context) {
    tier_of_ = tier_of;
    tier_context_ = context;
  }

  /// Whether pages of `tier` have a local set of their own from now on. Pages that are in another
  /// one move over when place() is called for them. REQUIRES: the tier's policy was set, or
  /// `own` is false.
  void use_own_set(unsigned tier, bool own) { set_of_[tier] = own ? tier : kShared; }

  /// The page belongs to `tier` from now on. It changes its local set at once, or, on its way in or
  /// out, at the end of that; limits are kept by trim() and trim_tiers() afterwards. Of an
  /// untouched page nothing is noted: that is asked at its first touch.
  void place(PageId id, unsigned tier);

  /// Tells policies whether a page was accessed since the last call, for engines that can tell.
  /// `context` outlives the Instance. To be called before a policy is used.
  void use_accessed(RankingServices::Accessed accessed, void* context) {
    services_.accessed = accessed;
    services_.accessed_context = context;
    services_.sees |= DIME_SEES_ACCESSED;
  }

  /// What is known of the access that the next calls are about, for policies. `thread` 0 = not
  /// known. `stack`, null = not known, is for events, and outlives the fault.
  void describe_access(dime_access access, std::uint32_t thread, const CallStack* stack = nullptr) {
    services_.access = static_cast<std::uint8_t>(access);
    services_.thread = thread;
    stack_ = stack;
  }

  /// What is said of each page that the instance counts.
  [[nodiscard]] Events& events() { return events_; }
  /// Says that a forked child goes on with the page.
  void note_inherited(PageId id) { note(id, DIME_EVENT_ADOPTED); }

  /// Time passes, for policies: to be called about ten times a second, where that is easy.
  void tick(Nanos now);

  /// The limit in pages under the current parameters. At least 1; a share of the touched pages
  /// gives at least kLeastShare, or a program that has touched little could not get through an
  /// instruction.
  [[nodiscard]] std::uint64_t limit() const { return sets_[kShared].limit(); }

  /// The limit of the set of `id`.
  [[nodiscard]] std::uint64_t limit_for(PageId id) { return set_for(id).limit(); }

  /// A thread touched page `id` at `at`. For a first touch and a remote access the page is in
  /// flight until finish().
  Fault begin(PageId id, Nanos at);

  /// A thread needs `count` remote pages of one tier at `at`, for one reason: a request for all of
  /// them, which pays the latency once. All are in flight until finish(), which is told for all but
  /// one of them that the stall is another's. REQUIRES: they are remote and of the tier of the
  /// first.
  Fault begin_together(const PageId* ids, unsigned count, Nanos at);

  /// Counts one page more as local in the set of `id`, evicting as often as needed, but not more
  /// than `most` pages: where the limit has sunk by more than that, no room is made.
  /// `close(PageId) -> Closed` makes one page inaccessible. To be called once for each fault that
  /// is a first touch or remote, before the page is opened.
  template <class Close>
  Room make_room(PageId id, Nanos now, Close&& close, std::uint64_t most = UINT64_MAX);

  /// Counts one page more as local in the set of `id`, if its limit allows it.
  [[nodiscard]] bool try_room(PageId id) {
    bool over = false;
    return set_for(id).try_room(over);
  }

  /// As make_room, but counts the page whatever the limit says; the excess is trimmed later.
  void force_room(PageId id) { set_for(id).force_room(); }

  /// For engines whose threads evict at the same time: the page that goes next for `for_page`, out
  /// of the policy's charge and in state kEvicting, or kNoPage. It still counts as local. The
  /// caller makes it inaccessible without the lock, and reports to closed().
  PageId claim_victim(PageId for_page);

  /// The pages that go next in the set of `for_page` if nothing comes in between, best first: at
  /// most `most`. None where the policy cannot tell. Returns how many.
  unsigned next_victims(PageId for_page, PageId* pages, unsigned most) {
    return set_for(for_page).ranking().select(for_page, pages, most);
  }

  /// What became of a victim of claim_victim(). One that was forgotten meanwhile is left alone.
  void closed(PageId id, Closed how, Nanos now);

  /// How long the eviction of `evicted`, which was written back at `now`, has to stall its thread:
  /// until the returned time, 0 = not at all.
  [[nodiscard]] Nanos writeback_stall(PageId evicted, Nanos now) const {
    return transfers_.writeback_stall(pool_.record(evicted).tier, now);
  }
  /// True where an eviction that ended so is written back.
  [[nodiscard]] static bool writes_back(Closed how) {
    return how == Closed::kDirty || how == Closed::kUnknown;
  }

  /// The remote page `id`, for which there is room, is fetched ahead of its next touch, as asked
  /// for at `at`: local from now on, and prefetched until that touch. Returns when it arrives. The
  /// engine may leave its data where it is until then. Without memory to rank it, it is unmovable
  /// instead.
  Nanos prefetch(PageId id, Nanos at);
  /// The prefetched page `id` was touched, and `stall` went by until it had arrived; 0 = it was
  /// here.
  void use_prefetched(PageId id, Nanos stall);

  /// Gives back the room of a page that was not opened after all.
  void cancel_room(PageId id) { set_of(pool_.record(id)).cancel_room(); }

  /// The page was opened: the fault is counted. `stall` is what the thread waited, measured; it is
  /// recorded for remote accesses (and first touches where those are charged).
  void finish(PageId id, const Fault& fault, Nanos stall);

  /// The remote page `id` was fetched because a system call is going to touch it: counted apart.
  void count_for_call(PageId id) { count(pool_.record(id), &dime_counters::faults_system_call); }

  /// The fetch did not happen: the page is as it was before begin().
  void abandon(PageId id, const Fault& fault);

  /// A page that was found present without a fault (touched before its mapping was managed): local
  /// from now on. True if it was not known. Its room is counted even above the limit; trim() or
  /// `inherited` debt deal with the excess.
  bool adopt(PageId id);

  /// The same for a page that the engine makes inaccessible right away: remote from now on, with no
  /// eviction counted.
  void adopt_remote(PageId id);

  /// The page was unmapped or dropped: untouched from now on. The room of a page in flight is given
  /// back with cancel_room().
  void forget(PageId id);

  /// The program moved page `from` to `to` (mremap): state and slot go with it, and a local page is
  /// ranked as if it had just come. REQUIRES: `to` is untouched.
  void relocate(PageId from, PageId to);

  /// The page came home for good and leaves management as unmovable, outside the limit.
  void set_unmovable(PageId id);

  /// Brings a remote page back without a fault (detach, fork): local from now on, whatever the
  /// limit says. Of a prefetched one it is not known any more whether it is touched.
  void bring_home(PageId id);

  // What follows is about the set that tiers without a limit of their own share, where nothing else
  // is said.

  /// Evicts up to `most` pages of this Instance while the instance is above its limit. Returns how
  /// many went.
  template <class Close>
  std::uint64_t trim(Nanos now, std::uint64_t most, Close&& close) {
    return trim(sets_[kShared], now, most, close);
  }

  /// Evicts up to `most` pages of tiers that are above a limit of their own, and pays their debts,
  /// but leaves each a page. Returns how many went.
  template <class Close>
  std::uint64_t trim_tiers(Nanos now, std::uint64_t most, Close&& close);

  /// Evicts up to `most` pages of this Instance, whatever the limit: another member asked for room.
  /// Returns how many went.
  template <class Close>
  std::uint64_t evict(Nanos now, std::uint64_t most, Close&& close);

  /// Allows `pages` above the limit, until paid. The debt of forked children, who inherit local
  /// pages. It never exceeds the pages that are local here, so pages that the child drops by itself
  /// are paid.
  void borrow(std::uint64_t pages) { sets_[kShared].borrow(pages); }
  /// Allows one page above the limit of the set of `id`.
  void borrow_for(PageId id) { set_for(id).borrow(1); }

  /// Evicts up to `most` pages to pay back the debt.
  template <class Close>
  std::uint64_t repay(Nanos now, std::uint64_t most, Close&& close) {
    return repay(sets_[kShared], now, most, close);
  }

  /// False: there is nothing for repay(), trim() and trim_tiers() to do just now.
  [[nodiscard]] bool may_have_excess() const {
    return debt() != 0 || tier_of_ != nullptr || sets_[kShared].over();
  }

  /// In a forked child that goes on with a copy of its parent's Instance: counts its pages for
  /// itself, in `own` and `parts` (those of the tiers), and its local ones as inherited. REQUIRES:
  /// no page is in flight.
  void continue_in_child(const OwnLevels& own, dime_tier_part* parts);

  [[nodiscard]] std::uint64_t debt() const { return sets_[kShared].debt(); }
  [[nodiscard]] std::uint64_t local_pages() const { return sets_[kShared].local(); }
  /// What this Instance adds to the shared level of local pages: its local pages and the rooms of
  /// those in flight.
  [[nodiscard]] std::uint64_t counted_pages() const {
    return sets_[kShared].local() + sets_[kShared].rooms();
  }
  /// Of all sets.
  [[nodiscard]] std::uint64_t managed_pages() const;

  /// True when the instance has as many local pages as its limit and its debts allow.
  [[nodiscard]] bool full() const { return sets_[kShared].full(); }
  /// The same of the set of `id`.
  [[nodiscard]] bool full_for(PageId id) { return set_for(id).full(); }
  /// True while room in the set of `id` is held for pages that are being fetched, and that can be
  /// evicted once they are here.
  [[nodiscard]] bool fetching_for(PageId id) { return set_for(id).rooms() != 0; }
  /// True while some set has more local pages than its limit and its debts allow.
  [[nodiscard]] bool over() const;
  /// True where `id` counts towards the instance's limit.
  [[nodiscard]] bool shares_limit(PageId id) { return &set_for(id) == &sets_[kShared]; }

  /// The page that would be evicted next, or kNoPage.
  [[nodiscard]] PageId next_victim() { return sets_[kShared].victim(kNoPage); }

 private:
  static constexpr unsigned kShared = 0;  ///< the instance's own local set

  void watch_all();
  [[nodiscard]] LocalSet& set_for(PageId id);
  [[nodiscard]] LocalSet& set_of(const PageRecord& record) { return *set_at_[record.set]; }
  void enter(PageId id) { set_for(id).manage(); }
  void move_to_set(PageId id, PageRecord& record);
  void count(const PageRecord& record, std::uint64_t dime_counters::*which);
  /// Whether events of the page are to be said.
  [[nodiscard]] bool is_recorded(const PageRecord& record) const {
    return events_.are_on() && !(events_.are_sampled() && record.tier == DIME_TIER_LOCAL);
  }
  /// Of what is no access.
  void note(PageId id, dime_event_what what) {
    if (is_recorded(pool_.record(id))) [[unlikely]] {
      events_.happened(what, pool_.page(id), services_.thread);
    }
  }

  void drop(PageId id, Freed room);
  void forget_ghost(PageId id, PageRecord& record) { set_of(record).ranking().forget(id, record); }
  void set_unmovable(PageId id, Freed room);
  void closed(PageId id, PageRecord& record, Closed how, Nanos now, Freed room);
  void went(PageId id, PageRecord& record, Closed how, Nanos now, Freed room);
  void leave_local(PageId id, PageRecord& record, dime_leave why, Freed room);
  void end_prefetch(PageRecord& record);
  /// The page that went, or null, and how.
  struct Evicted {
    const PageRecord* record;
    Closed how;
  };
  template <class Close>
  [[nodiscard]] Evicted evict_one(LocalSet& from, PageId for_page, Nanos now, Close&& close,
                                  Freed room = Freed::kGivenBack);
  template <class Close>
  std::uint64_t trim(LocalSet& set, Nanos now, std::uint64_t most, Close&& close);
  template <class Close>
  std::uint64_t repay(LocalSet& set, Nanos now, std::uint64_t most, Close&& close);

  PagePool pool_;
  Memory& memory_;
  InstanceShared shared_;
  Transfers transfers_;
  LocalSet sets_[DIME_MAX_TIERS];
  LocalSet* set_at_[DIME_MAX_TIERS];      ///< the sets again: their size is no power of two
  unsigned set_of_[DIME_MAX_TIERS] = {};  ///< of each tier
  TierOf tier_of_ = nullptr;
  void* tier_context_ = nullptr;
  RankingServices services_;
  Events events_;
  const CallStack* stack_ = nullptr;  ///< of the next access
};

template <class Close>
Instance::Evicted Instance::evict_one(LocalSet& from, PageId for_page, Nanos now, Close&& close,
                                      Freed room) {
  // Busy victims go to the end of the ranking; after a full round of them there is nothing to
  // evict.
  Ranking& ranking = from.ranking();
  services_.time_ns = now.value;
  for (std::uint64_t tries = 0; tries <= ranking.size() && tries < 64; ++tries) {
    const PageId victim = from.victim(for_page);
    if (victim == kNoPage) {
      break;
    }
    const Closed how = close(victim);
    if (how == Closed::kBusy) {
      ranking.defer(victim);
      continue;
    }
    PageRecord& record = pool_.record(victim);
    closed(victim, record, how, now, room);
    return {&record, how};
  }
  return {nullptr, Closed::kBusy};
}

template <class Close>
Room Instance::make_room(PageId id, Nanos now, Close&& close, std::uint64_t most) {
  LocalSet& set = set_for(id);
  Evicted last{nullptr, Closed::kBusy};
  bool over = false;
  while (!set.try_room(over)) {
    if (most-- == 0) {
      return {false, {}};
    }
    // Where the limit has not sunk, the room of the victim is the room that is wanted.
    last = evict_one(set, id, now, close, over ? Freed::kGivenBack : Freed::kKept);
    if (last.record == nullptr) {
      return {false, {}};
    }
    if (!over) {
      break;
    }
  }
  return {true,
          writes_back(last.how) ? transfers_.writeback_stall(last.record->tier, now) : Nanos{}};
}

template <class Close>
std::uint64_t Instance::trim(LocalSet& set, Nanos now, std::uint64_t most, Close&& close) {
  std::uint64_t gone = 0;
  while (gone < most && set.over() && evict_one(set, kNoPage, now, close).record != nullptr) {
    ++gone;
  }
  return gone;
}

template <class Close>
std::uint64_t Instance::trim_tiers(Nanos now, std::uint64_t most, Close&& close) {
  std::uint64_t gone = 0;
  for (unsigned tier = kShared + 1; tier_of_ != nullptr && tier < DIME_MAX_TIERS; ++tier) {
    LocalSet& set = sets_[tier];
    const std::uint64_t spare = set.local() > 1 ? set.local() - 1 : 0;
    const std::uint64_t here = most - gone < spare ? most - gone : spare;
    const std::uint64_t repaid = repay(set, now, here, close);
    gone += repaid + trim(set, now, here - repaid, close);
  }
  return gone;
}

template <class Close>
std::uint64_t Instance::evict(Nanos now, std::uint64_t most, Close&& close) {
  std::uint64_t gone = 0;
  while (gone < most && evict_one(sets_[kShared], kNoPage, now, close).record != nullptr) {
    ++gone;
  }
  return gone;
}

template <class Close>
std::uint64_t Instance::repay(LocalSet& set, Nanos now, std::uint64_t most, Close&& close) {
  std::uint64_t gone = 0;
  while (gone < most && set.debt() != 0 && evict_one(set, kNoPage, now, close).record != nullptr) {
    set.pay_debt();
    ++gone;
  }
  return gone;
}

}  // namespace dime
