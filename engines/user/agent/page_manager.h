// SPDX-License-Identifier: GPL-2.0
// What both fault paths need around a fault: room within the limit that members share, live changes
// of the parameters, debts, and this process's record in the control block.
//
// Used by one thread, or by several under the lock of the inline path.
#pragma once

#include "core/prefetches.h"
#include "engines/user/agent/clock.h"
#include "engines/user/agent/member.h"
#include "engines/user/agent/neighbours.h"
#include "engines/user/agent/own_object.h"
#include "engines/user/agent/space.h"

namespace dime::agent {

class PageManager {
 public:
  /// `inherited`: a forked child, whose pages may exceed the limit for a while.
  PageManager(Arena& arena, Membership& membership, bool inherited);

  /// Opens the descriptors and reads the parameters. `image` and `thread_area` are never managed.
  /// 0 or a negative errno, and then nothing is left open.
  long start(AddressRange image, AddressRange thread_area);
  /// The same for the inline path: see Space::create_for_threads.
  long start_for_threads(AddressRange image, Regions& managed, Regions& excluded, Threads& threads);
  /// `closes`: the descriptors, which are else another process's too.
  void stop(bool closes = true);
  /// Nothing is managed any more, for good.
  void retire() {
    manages_ = false;
    __atomic_store_n(&retired_, true, __ATOMIC_RELEASE);
  }
  /// Any thread, without the lock.
  [[nodiscard]] bool retired() const { return __atomic_load_n(&retired_, __ATOMIC_ACQUIRE); }

  /// In a forked child of the inline path, with a copy of the parent's manager: another member with
  /// descriptors of its own. 0 or a negative errno.
  long continue_in_child();

  [[nodiscard]] Space& space() { return space_; }
  [[nodiscard]] Instance& instance() { return space_.instance(); }
  [[nodiscard]] Membership& membership() { return membership_; }
  [[nodiscard]] dime_control& control() { return control_; }
  [[nodiscard]] Neighbours& neighbours() { return neighbours_; }
  [[nodiscard]] Prefetches& prefetches() { return prefetches_; }
  [[nodiscard]] bool manages() const { return manages_; }

  /// Evicts nothing until it is set back.
  void pause(bool paused) { paused_ = paused; }
  [[nodiscard]] bool is_paused() const { return paused_; }

  /// Starts to manage memory, unless everything may be local anyway: then nothing is registered and
  /// nothing costs anything.
  void start_managing();

  /// Makes room for `page`, in any case. Returns when a stall for write-back ends, 0 = none.
  Nanos make_room(PageId page);

  /// What has to be done to have room for a page.
  enum class Step : std::uint8_t {
    kMade,   ///< nothing: it counts as local
    kEvict,  ///< `victim` is claimed: close it, report to Instance::closed(), and ask again
    kWait,   ///< other members were asked for pages: ask again, in a while
  };
  /// One step of make_room() for threads that evict at the same time. `steps` counts those for one
  /// page and begins with 0.
  Step room_step(PageId page, unsigned steps, Nanos now, PageId& victim);

  /// Room above the limit, as a debt that is repaid as soon as something can be evicted.
  void force_room(PageId page);

  /// The fault of a thread was resolved at `at` after `stall`.
  void finish(PageId page, const Fault& fault, Nanos at, Nanos stall);

  /// Tells the prefetcher of the page's tier that `page` was touched at `at`: what it names is to
  /// be fetched ahead. REQUIRES: there is a prefetcher.
  void name_ahead(PageId page, dime_prefetch_why why, Nanos at, Prefetches::Named& named);
  /// The next page of `named` that is remote and may be fetched for it, or kNoPage.
  PageId next_ahead(Prefetches::Named& named);
  /// Whether a page may be evicted so that `page` can be fetched ahead of its touch: not where this
  /// member has so few that others are to give.
  [[nodiscard]] bool may_evict_for_ahead(PageId page);
  /// `page`, which is remote and for which there is room, is fetched ahead, as asked for at `at`.
  void start_ahead(PageId page, Nanos at);
  /// The prefetched page has come home for a touch that waited `stall` for its arrival.
  void count_used(PageId page, Nanos stall);
  /// For one thread: fetches all of `named`.
  void fetch_ahead(Prefetches::Named& named);

  /// The fault, which is about to be finished, was for a system call's sake: counted apart.
  void count_for_call(PageId page, const Fault& fault);

  /// Evicts what other members have asked for.
  void give_back();

  /// Follows changed parameters.
  void follow_parameters();

  /// The program has mapped `range`, which is managed by now if it can be. Without rules, nothing.
  void mapped(AddressRange range, dime_kind kind);
  /// The program has given a name to memory.
  void named(AddressRange range, const char* name);
  /// The program places `range` in `tier`. 0, or a positive errno. `read_events()` is called when
  /// the mappings are changing.
  template <class ReadEvents>
  int place(AddressRange range, unsigned tier, ReadEvents&& read_events);
  /// The program marks a moment: notes it, with the counts of now.
  void mark(const char* name);

  static constexpr Nanos kTick{20'000'000};
  /// From the end of a tick that took `took` to the next one. A survey walks the page tables: at
  /// most a thousandth of the time goes into it.
  [[nodiscard]] static Nanos until_next_tick(Nanos took);

  /// The regular part of the maintenance: new mappings, debts and a lowered limit, the record.
  /// `between()` is called between steps of evictions.
  template <class Between>
  void tick(Between&& between);

  /// Counts resident memory that stays local outside the limit: of files, and shared; and, where
  /// nothing is managed, the pages that would be.
  void count_pages();

 private:
  long begin(AddressRange image, bool for_children);
  long load_own(bool for_children);
  void start_events();
  /// Evicts up to `most` pages of what is above the limit, but not `spared`.
  void repay_debt(Nanos now, std::uint64_t most, PageId spared = kNoPage);
  void adopt_late();
  void note_victim(PageId id);
  [[nodiscard]] bool thrashes(PageId id);
  [[nodiscard]] bool room_from_others();
  void use_link();
  [[nodiscard]] bool all_is_local() const;
  void follow_write_back();
  [[nodiscard]] std::uint32_t sample() const;
  [[nodiscard]] bool start_tiers();
  void follow_placement();
  void follow_tier(unsigned tier);
  void follow_policy(unsigned tier, const char* text);
  void follow_prefetch(unsigned tier, const char* text);
  void survey();
  void count_surveyed(std::uint64_t pages);
  void count_adopted(std::uint64_t pages);

  Membership& membership_;
  dime_control& control_;
  Space space_;
  Neighbours neighbours_;
  OwnObject<dime_policy_ops> own_policy_;
  OwnObject<dime_prefetch_ops> own_prefetcher_;
  Prefetches prefetches_;
  bool inherited_;
  bool manages_ = false;
  bool retired_ = false;
  bool paused_ = false;
  bool started_ = false;
  char policy_in_use_[DIME_MAX_TIERS][DIME_NAME_BYTES] = {};    ///< as it was asked for
  char prefetch_in_use_[DIME_MAX_TIERS][DIME_NAME_BYTES] = {};  ///< the same; "" = the instance's
  std::uint64_t parameters_ = ~std::uint64_t{0};
  std::uint64_t surveyed_ = 0;  ///< pages counted while nothing is managed

  static constexpr std::uint64_t kTrimStep = 64;  ///< evictions between two looks at the faults
  static constexpr unsigned kRing = 4;
  PageId recent_victims_[kRing] = {kNoPage, kNoPage, kNoPage, kNoPage};
  unsigned next_victim_ = 0;
  static constexpr std::uint32_t kThrashLimit = 4'096;
  static constexpr std::uint32_t kThrashSoon = 64;
  std::uint32_t thrash_ = 0;
  std::uint32_t thrash_limit_ = kThrashLimit;
  std::uint32_t faults_since_thrash_ = 0;
  unsigned grace_ = 0;  ///< faults for which the limit gives way
};

template <class ReadEvents>
int PageManager::place(AddressRange range, unsigned tier, ReadEvents&& read_events) {
  if (!start_tiers()) {
    return ENOMEM;
  }
  space_.place(range, tier);
  space_.bring_strays_home(read_events);
  return space_.tiers().overflowed() ? ENOMEM : 0;
}

template <class Between>
void PageManager::tick(Between&& between) {
  follow_parameters();
  adopt_late();
  space_.bring_strays_home(between);
  // Debts and a lowered limit are worked off here, in steps between which faults are served.
  std::uint64_t before_step = instance().local_pages() + 1;
  while (instance().local_pages() < before_step) {
    before_step = instance().local_pages();
    repay_debt(clock::now(), kTrimStep);
    between();
  }
  membership_.reap();
  count_pages();
}

}  // namespace dime::agent
