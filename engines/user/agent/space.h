// SPDX-License-Identifier: GPL-2.0
// The mechanism: opens and closes pages of this process, and keeps the core's records in step with
// what the kernel does to its memory.
//
// A remote page is a hole in the program's mapping, with its data in a shadow slot. Opening moves
// the data back with UFFDIO_MOVE (no copy), closing moves it out; where the kernel cannot move
// pages, both are copies (copy_out.h). All of this runs on the handler's thread; no method is
// thread-safe.
//
// A page is clean if its content is what it was when it was evicted the last time, or, of a page
// that never was, if it is all zeros: nothing of it has to be sent. That is found out by sums
// (page_sum.h), where it matters. A record's slot is, while its page is local, the sum of the copy
// on the other side.
#pragma once

#include "core/instance.h"
#include "engines/user/agent/arena.h"
#include "engines/user/agent/inline/regions.h"
#include "engines/user/agent/inline/threads.h"
#include "engines/user/agent/page_sum.h"
#include "engines/user/agent/shadow.h"
#include "engines/user/agent/tiers.h"
#include "engines/user/agent/touch_ahead.h"
#include "engines/user/agent/userfault.h"

namespace dime::agent {

inline constexpr std::uint64_t kAddressSpaceEnd = 0x7ffffffff000;
inline constexpr AddressRange kAddressSpace{0, kAddressSpaceEnd};

/// Flags of a local page that was moved out ahead of its eviction, or is being moved. Once it is
/// out, its data is in its slot, and what the eviction will be is known: dirty, unknown or clean.
inline constexpr std::uint8_t kAhead = 1;
inline constexpr std::uint8_t kOut = 2;
inline constexpr std::uint8_t kOutDirty = 4;
inline constexpr std::uint8_t kOutUnknown = 8;
/// Such a page is being evicted, and was until it is back: who asks without the lock whether it is
/// there must not take it for a local page in between.
inline constexpr std::uint8_t kTaken = 16;

/// The page's data is in its slot: it is remote, was moved out ahead of its eviction, or is
/// prefetched and not touched yet.
inline bool lies_in_slot(const PageRecord& record) {
  return record.state == PageState::kRemote || (record.flags & kOut) != 0;
}

/// What came of opening a page.
enum class Opened : std::uint8_t {
  kDone,
  kPresent,  ///< the page was there already; who waited was woken
  kGone,     ///< the mapping is gone or not ours any more; who waited was woken
  kRetry,    ///< the mappings are changing: read events, then try again
};

class Space {
 public:
  Space(Arena& arena, InstanceShared shared)
      : arena_(arena), instance_(arena, shared), table_(instance_.pool(), arena, /*space=*/0) {}

  /// Opens the descriptors. 0 or a negative errno.
  long create();
  void destroy();
  /// The descriptors are another process's too: forgets them.
  void disown();

  /// For the inline path, instead of create(): faults are signals, and the program's threads use
  /// the descriptors. What is managed is kept in `managed`, and nothing in `excluded` is; pages
  /// that `threads` hold are not evicted. `copies`: pages leave and come home by copies.
  long create_for_threads(Regions& managed, Regions& excluded, Threads& threads, bool copies);

  /// In a forked child that is not followed, and in which nothing is registered: writes the remote
  /// pages to where they belong.
  void write_remote_pages();
  /// Everything is left to the kernel: no range is watched any more.
  void unregister_all();
  /// The same where a thread serves the faults, until adopt_new().
  void unregister_manageable();
  /// `range`, which has no pages, is not managed until manage_again().
  void leave_alone(AddressRange range);
  void manage_again(AddressRange range);

  /// In a forked child of the inline path: new descriptors, that watch what the parent's watched.
  long reopen();

  /// The two descriptors of the inline path.
  [[nodiscard]] Userfault& app_descriptor() { return app_; }
  [[nodiscard]] Userfault& shadow_descriptor() { return shadow_.descriptor(); }

  [[nodiscard]] Instance& instance() { return instance_; }
  [[nodiscard]] PageTable& table() { return table_; }
  [[nodiscard]] const Userfault& faults() const { return app_; }
  [[nodiscard]] bool follows_raw_forks() const { return fork_events_; }

  /// Uses tiers from now on. False without memory.
  bool start_tiers(const char* comm, std::uint32_t* matched);
  [[nodiscard]] Tiers& tiers() { return tiers_; }

  /// Asks the rules about all mappings and brings every page under what they say.
  void judge_all();
  /// The program has just mapped `range`: what rules say of it.
  void judge_new(AddressRange range, dime_kind kind);
  /// The program has named `range`. False where there is no room for the name.
  bool named(AddressRange range, const char* name);
  /// The program places `range`.
  void place(AddressRange range, unsigned tier);
  /// Fetches remote pages of memory that is to be always local. `read_events()` is called when the
  /// mappings are changing.
  template <class ReadEvents>
  void bring_strays_home(ReadEvents&& read_events);

  /// What happens to pages that are taken in above the limit: others are evicted for them
  /// (default), or, in a forked child, they are inherited: counted apart until the debt is repaid.
  void inherit_pages() { evict_to_adopt_ = false; }

  /// In a forked child: tells a recording of the pages that it goes on with.
  void note_inherited();

  /// Leaves `range` unmanaged from now on (at most 8 ranges).
  void exclude(AddressRange range);

  /// Manages `range`, which the program has just mapped: registers it and takes in the pages that
  /// are present. Returns how many, or a negative errno where it cannot be managed.
  long adopt(AddressRange range);

  /// Readies a mapping that only the thread that waits for it knows, is writable, and has no page
  /// yet: parts of it that get other rights later can merge again, as they would natively.
  void prime(std::uint64_t address);

  /// The kernel writes to the page at `address` when a thread has ended, and cannot wait for it any
  /// more then: it is not evicted as long as such pages are at most half of the limit.
  void pin(std::uint64_t address);
  /// pin() for the threads' stacks that were there before the agent: writable mappings behind
  /// inaccessible ones, which can be other things too.
  void keep_stacks();

  /// adopt() for every manageable mapping that was not there at the last call. Returns how many
  /// pages were taken in, or -EBUSY where another owner's descriptor is in the way.
  long adopt_new();

  /// Counts the present pages of all manageable mappings without managing them.
  [[nodiscard]] std::uint64_t survey() const;

  /// Fills the hole at `address`, which is no page of the instance, and lets its waiters go on.
  /// False: read events first.
  [[nodiscard]] bool fill(std::uint64_t address) const;
  /// Makes a hole of it again.
  void empty(std::uint64_t address);

  Opened open_zeroed(PageId id);
  /// `id` was touched for the first time. Where pages are sampled, opens and takes in some behind
  /// it that are not (touch_ahead.h). Returns how many.
  unsigned open_behind(PageId id);
  Opened open_remote(PageId id);
  Closed close(PageId id);

  /// The same in two steps, for threads that move pages at the same time: the first moves, without
  /// the lock; the second updates the records, under it.
  [[nodiscard]] long fill_zeroed(PageId id) const;
  static Opened filled_zeroed(long filled);
  [[nodiscard]] long move_home(PageId id) const;
  Opened moved_home(PageId id, long moved) {
    return came_home(id, moved, copies_ ? &Shadow::add_stale : &Shadow::give_back_empty);
  }
  /// The same by a copy, which interrupts no other processor.
  [[nodiscard]] long copy_home_quietly(PageId id) const;
  Opened copied_home(PageId id, long copied) { return came_home(id, copied, &Shadow::add_stale); }
  [[nodiscard]] long move_out(PageId id, std::uint32_t slot);
  /// The same for `count` pages, `id` the first, that lie one behind the other. Returns how many
  /// were moved, or a negative errno where the first could not be.
  [[nodiscard]] long move_run_out(PageId id, std::uint32_t slot, unsigned count);
  Closed moved_out(PageId id, std::uint32_t slot, long moved);

  /// The page is about to be moved out ahead of its eviction, or stays after all.
  void set_ahead(PageId id, bool ahead);
  /// It was moved to `slot`, with move_run_out().
  void gone_ahead(PageId id, std::uint32_t slot);
  /// Its eviction has come, of which this is the result. REQUIRES: it is out. Its flags
  /// are `flags_from_now_on` then.
  Closed take_ahead(PageId id, std::uint8_t flags_from_now_on = 0);
  /// It comes back.
  void bring_back(PageId id);

  /// The remote page is about to be prefetched: its data stays in its slot until it is touched.
  void keep_out(PageId id);
  /// A page that lies in its slot comes home without a touch. kRetry: read events first. The
  /// instance is to be told.
  [[nodiscard]] Opened fetch_home(PageId id);

  [[nodiscard]] Shadow& shadow() { return shadow_; }
  /// Whether evictions tell clean pages from dirty ones from now on. Without, they are kUnknown.
  void tell_clean(bool tells) { tells_clean_ = tells && page_sum::is_available(); }
  /// True for a page that is not to be evicted: see pin().
  [[nodiscard]] bool is_pinned(std::uint64_t address);

  /// No longer managed: unmapped, or something else was mapped there.
  void unmanage(AddressRange range);

  /// Forgets the pages of a range that the program unmapped or dropped. `in_flight(PageId)` is told
  /// of pages in flight.
  template <class InFlight>
  void forget(AddressRange range, InFlight&& in_flight);

  /// The program moved `bytes` of memory.
  void moved(std::uint64_t from, std::uint64_t to, std::uint64_t bytes);

  /// Brings every remote page home and counts it as local, whatever the limit. `read_events()` is
  /// called when the mappings are changing.
  template <class ReadEvents>
  void bring_all_home(ReadEvents&& read_events);

  /// Fills the holes of a forked child, whose memory `child` watches, with copies of the remote
  /// pages.
  void fill_child(const Userfault& child);

 private:
  template <class Visit>
  void for_each_manageable(Visit&& visit) const;
  [[nodiscard]] Closed change_of(PageRecord& record, std::uint32_t slot);
  void note_sum(std::uint32_t slot);
  void make_place(PageId id);
  void judge(const Mapping& mapping);
  void retier(AddressRange range);
  [[nodiscard]] bool remember(AddressRange mapping);
  [[nodiscard]] std::uint64_t& kept_place(std::uint64_t address);
  void let_go(AddressRange range);
  [[nodiscard]] bool unshare(std::uint64_t address) const;
  long set_up();
  long open_for_threads();
  Opened copy_home(PageId id);
  Opened came_home(PageId id, long result, void (Shadow::*free)(std::uint32_t slot));
  void came_back(PageId id);
  void left_slot(PageRecord& record);

  Arena& arena_;
  Instance instance_;
  PageTable table_;
  Userfault app_;
  Shadow shadow_;
  Tiers tiers_;
  Regions* managed_ = nullptr;   ///< of the inline path
  Regions left_alone_;           ///< what a thread that serves the faults is not to manage
  Regions* not_ours_ = nullptr;  ///< the inline path's, or that
  Threads* threads_ = nullptr;   ///< of the inline path
  AddressRange excluded_[8] = {};
  unsigned excluded_count_ = 0;
  bool fork_events_ = false;
  bool copies_ = false;  ///< the mechanism is `copy`, not `move`
  bool strays_ = false;  ///< there may be remote pages of memory that is to be always local
  bool tells_clean_ = false;
  std::uint32_t zeros_ = 0;  ///< sum of a page of zeros
  bool evict_to_adopt_ = true;
  static constexpr std::uint64_t kAdoptedAtLeast =
      16;           ///< pages that a new member may add while others hold the limit
  long maps_ = -1;  ///< of /proc/self/maps, where a thread serves the faults: the program may have
                    ///< no descriptor left
  std::uint64_t zero_page_ = 0;
  std::uint64_t zero_run_ = 0;  ///< as many as may be opened behind a page, where pages are sampled
  TouchAhead touch_ahead_;
  static constexpr std::uint64_t kKept = 256;
  std::uint64_t kept_[kKept] = {};  ///< by hash; of two with the same one the newer is kept
  std::uint64_t kept_count_ = 0;
  static constexpr std::uint64_t kKnown = 4096;
  AddressRange* known_ = nullptr;  ///< mappings seen by adopt_new(), by hash; an overwritten one is
                                   ///< only looked at again
};

template <class ReadEvents>
void Space::bring_all_home(ReadEvents&& read_events) {
  table_.for_each(kAddressSpace, [&](PageId id) {
    while (lies_in_slot(instance_.pool().record(id)) && fetch_home(id) == Opened::kRetry) {
      read_events();
    }
    const PageRecord& record = instance_.pool().record(id);
    if (record.state == PageState::kRemote || record.prefetched != 0) {
      instance_.bring_home(id);
    }
  });
}

template <class ReadEvents>
void Space::bring_strays_home(ReadEvents&& read_events) {
  if (!strays_) {
    return;
  }
  strays_ = false;
  table_.for_each(kAddressSpace, [&](PageId id) {
    const PageRecord& record = instance_.pool().record(id);
    // On its way in or out, by another thread: what becomes of it is seen the next time.
    const bool moves = record.state == PageState::kEvicting || record.state == PageState::kInFlight;
    strays_ = strays_ || (record.tier == DIME_TIER_LOCAL && moves);
    while (record.tier == DIME_TIER_LOCAL && lies_in_slot(record) &&
           fetch_home(id) == Opened::kRetry) {
      read_events();
    }
    if (record.tier == DIME_TIER_LOCAL &&
        (record.state == PageState::kRemote || record.prefetched != 0)) {
      instance_.bring_home(id);
    }
  });
}

template <class InFlight>
void Space::forget(AddressRange range, InFlight&& in_flight) {
  let_go(range);
  table_.for_each(range, [&](PageId id) {
    PageRecord& record = instance_.pool().record(id);
    if (lies_in_slot(record)) {
      shadow_.discard(record.slot);
      record.flags = 0;
    } else if (record.state == PageState::kInFlight) {
      if (record.slot != Shadow::kNone) {
        shadow_.discard(record.slot);
      }
      in_flight(id);
    }
    instance_.forget(id);
  });
}

}  // namespace dime::agent
