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
// Not thread-safe; the engine calls it from one thread or under one lock. O(1) a fault.
#pragma once

#include "core/atomic.h"
#include "core/link.h"
#include "core/page_table.h"
#include "dime/policy.h"

namespace dime {

/// What one Instance adds to the shared levels, kept where others can read it: a process may be
/// killed at any moment, and whoever finds it gone gives back what it had. Null = nobody wants to
/// know.
struct OwnLevels {
  std::uint64_t* local_pages = nullptr;
  std::uint64_t* managed_pages = nullptr;
  std::uint64_t* inherited_pages = nullptr;
};

/// The shared part of an instance. All references outlive the Instance.
struct InstanceShared {
  dime_parameters& parameters;
  dime_counters& counters;
  dime_levels& levels;
  dime_histogram& stalls;
  OwnLevels own = {};
  link::Network network = {};
};

enum class FaultKind : std::uint8_t {
  kFirstTouch,  ///< an allocation: open a zeroed page
  kRemote,      ///< fetch the page, open it at `ready`
  kJoined,      ///< already in flight: wait for that fetch
  kPresent,     ///< local or unmovable: nothing to do but to let the thread go on
};

struct Fault {
  FaultKind kind;
  Nanos ready;  ///< the earliest time at which the access may proceed
};

/// What became of a victim that the engine was told to close.
enum class Closed : std::uint8_t {
  kDirty,    ///< inaccessible now, and its data has to be written back
  kClean,    ///< inaccessible now, the remote copy was still good
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
  static constexpr std::uint64_t kLeastShare = 32;

  Instance(Memory& memory, InstanceShared shared);
  ~Instance();
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  [[nodiscard]] PagePool& pool() { return pool_; }

  /// Uses `policy` from now on; the local pages move over in the old policy's order. False without
  /// memory, and then the old policy stays. Each Instance needs a policy before its first fault.
  bool use_policy(const dime_policy_ops& policy, std::uint64_t seed);
  [[nodiscard]] const dime_policy_ops* policy() const { return policy_; }

  /// Fetches and write-backs queue on these from now on.
  void use_link(dime_link& link) { link_ = &link; }

  /// Tells policies whether a page was accessed since the last call, for engines that can tell.
  /// `context` outlives the Instance.
  using Accessed = int (*)(void* context, PageId id);
  void use_accessed(Accessed accessed, void* context) {
    accessed_ = accessed;
    accessed_context_ = context;
  }

  /// The limit in pages under the current parameters. At least 1; a share of the touched pages
  /// gives at least kLeastShare, or a program that has touched little could not get through an
  /// instruction.
  [[nodiscard]] std::uint64_t limit() const;

  /// A thread touched page `id` at `at`. For a first touch and a remote access the page is in
  /// flight until finish().
  Fault begin(PageId id, Nanos at);

  /// Counts one page more as local, evicting as often as needed. `close(PageId) -> Closed` makes
  /// one page inaccessible. To be called once for each fault that is a first touch or remote,
  /// before the page is opened.
  template <class Close>
  Room make_room(Nanos now, Close&& close);

  /// Counts one page more as local if the limit allows it.
  [[nodiscard]] bool try_room() { return try_acquire(); }

  /// As make_room, but counts the page whatever the limit says; the excess is trimmed later.
  void force_room();

  /// For engines whose threads evict at the same time: the next victim, out of the policy's charge
  /// and in state kEvicting, or kNoPage. It still counts as local. The caller makes it inaccessible
  /// without the lock, and reports to closed().
  PageId claim_victim();

  /// What became of a victim of claim_victim(). One that was forgotten meanwhile is left alone.
  void closed(PageId id, Closed how, Nanos now);

  /// How long an eviction at `now` has to stall its thread: until the returned time, 0 = not at
  /// all.
  [[nodiscard]] Nanos writeback_stall(Nanos now) const;

  /// Gives back the room of a page that was not opened after all.
  void cancel_room();

  /// The page was opened: the fault is counted. `stall` is what the thread waited, measured; it is
  /// recorded for remote accesses (and first touches where those are charged).
  void finish(PageId id, const Fault& fault, Nanos stall);

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
  void rename(PageId from, PageId to);

  /// The page came home for good and leaves management as unmovable, outside the limit.
  void set_unmovable(PageId id);

  /// Brings a remote page back without a fault (detach, fork): local from now on, whatever the
  /// limit says.
  void bring_home(PageId id);

  /// Evicts up to `most` pages of this Instance while the instance is above its limit. Returns how
  /// many went.
  template <class Close>
  std::uint64_t trim(Nanos now, std::uint64_t most, Close&& close);

  /// Evicts up to `most` pages of this Instance, whatever the limit: another member asked for room.
  /// Returns how many went.
  template <class Close>
  std::uint64_t evict(Nanos now, std::uint64_t most, Close&& close);

  /// Allows `pages` above the limit, until paid. The debt of forked children, who inherit local
  /// pages. It never exceeds the pages that are local here, so pages that the child drops by itself
  /// are paid.
  void borrow(std::uint64_t pages);

  /// Evicts up to `most` pages to pay back the debt.
  template <class Close>
  std::uint64_t repay(Nanos now, std::uint64_t most, Close&& close);

  [[nodiscard]] std::uint64_t debt() const { return debt_; }
  [[nodiscard]] std::uint64_t local_pages() const { return local_; }
  /// What this Instance adds to the shared level of local pages: its local pages and the rooms of
  /// those in flight.
  [[nodiscard]] std::uint64_t counted_pages() const { return local_ + rooms_; }
  [[nodiscard]] std::uint64_t managed_pages() const { return managed_; }

  /// True when the instance has as many local pages as its limit and its debts allow.
  [[nodiscard]] bool full() const;

  /// The page that would be evicted next, or kNoPage.
  [[nodiscard]] PageId next_victim();

 private:
  [[nodiscard]] std::uint64_t allowed() const;
  [[nodiscard]] bool try_acquire();
  /// One level of the instance together with this Instance's part of it, changed one right after
  /// the other.
  struct Level {
    std::uint64_t& all;
    std::uint64_t& own;
    std::uint64_t add(std::uint64_t pages) {
      const std::uint64_t now = atomic::add(all, pages);
      atomic::add(own, pages);
      return now;
    }
    void sub(std::uint64_t pages) {
      atomic::sub(all, pages);
      atomic::sub(own, pages);
    }
  };
  void note_level(std::uint64_t local, std::uint64_t inherited_before);
  void count_local(std::uint64_t pages);
  void enter_policy(PageId id);
  void leave_policy(PageId id);
  void drop(PageId id);
  void pay_debt();
  void note_managed();
  void leave_local(PageId id);
  [[nodiscard]] link::Terms terms_at(Nanos now) const;
  template <class Close>
  [[nodiscard]] bool evict_one(Nanos now, Close&& close);
  bool start_policy(const dime_policy_ops& policy, void* state, std::uint64_t seed);

  PagePool pool_;
  Memory& memory_;
  InstanceShared shared_;
  std::uint64_t unwatched_[3] = {};  ///< own levels that nobody wants to know
  Level level_local_;
  Level level_managed_;
  Level level_inherited_;
  dime_link* link_ = nullptr;
  const dime_policy_ops* policy_ = nullptr;
  dime_policy_host host_;
  Accessed accessed_ = nullptr;
  void* accessed_context_ = nullptr;
  alignas(16) std::uint8_t policy_state_[2][DIME_POLICY_STATE_BYTES] = {};
  unsigned which_state_ = 0;
  std::uint64_t local_ = 0;
  std::uint64_t rooms_ = 0;  ///< made and neither used nor cancelled yet
  std::uint64_t managed_ = 0;
  std::uint64_t debt_ = 0;
  std::uint64_t evictable_ = 0;  ///< pages in the policy's charge
};

template <class Close>
bool Instance::evict_one(Nanos now, Close&& close) {
  // Busy victims go to the end of the ranking; after a full round of them there is nothing to
  // evict.
  for (std::uint64_t tries = 0; tries <= evictable_ && tries < 64; ++tries) {
    const PageId victim = next_victim();
    if (victim == kNoPage) {
      return false;
    }
    const Closed how = close(victim);
    if (how == Closed::kBusy) {
      policy_->defer(policy_state_[which_state_], &host_, victim);
      continue;
    }
    closed(victim, how, now);
    return true;
  }
  return false;
}

template <class Close>
Room Instance::make_room(Nanos now, Close&& close) {
  bool evicted = false;
  while (!try_acquire()) {
    if (!evict_one(now, close)) {
      return {false, {}};
    }
    evicted = true;
  }
  return {true, evicted ? writeback_stall(now) : Nanos{}};
}

template <class Close>
std::uint64_t Instance::trim(Nanos now, std::uint64_t most, Close&& close) {
  std::uint64_t gone = 0;
  while (gone < most && atomic::load(shared_.levels.local_pages) > allowed() &&
         evict_one(now, close)) {
    ++gone;
  }
  return gone;
}

template <class Close>
std::uint64_t Instance::evict(Nanos now, std::uint64_t most, Close&& close) {
  std::uint64_t gone = 0;
  while (gone < most && evict_one(now, close)) {
    ++gone;
  }
  return gone;
}

template <class Close>
std::uint64_t Instance::repay(Nanos now, std::uint64_t most, Close&& close) {
  std::uint64_t gone = 0;
  while (gone < most && debt_ != 0 && evict_one(now, close)) {
    pay_debt();
    ++gone;
  }
  return gone;
}

}  // namespace dime
