// SPDX-License-Identifier: GPL-2.0
// The inline fault path: the thread that touches a remote page resolves the fault itself, in a
// handler of SIGBUS.
//
// Each fault is three short sections under the lock: what is it and which page goes; the victim has
// gone; the page has come. Pages are moved between them, and the stall is spent with nothing
// pinned, so that threads disturb each other little. Nothing here touches memory of the program,
// and all of it runs with signals blocked.
#pragma once

#include "engines/user/agent/inline/ahead.h"
#include "engines/user/agent/inline/exclusion.h"
#include "engines/user/agent/inline/lead.h"
#include "engines/user/agent/inline/move_times.h"
#include "engines/user/agent/inline/regions.h"
#include "engines/user/agent/inline/threads.h"
#include "engines/user/agent/page_manager.h"
#include "engines/user/agent/sleep_margin.h"

namespace dime::agent {

class InlinePath {
 public:
  InlinePath(Arena& arena, Membership& membership);

  /// Opens the descriptors and manages what is there. `image` is the agent's. 0 or a negative
  /// errno, and then nothing is left behind.
  long start(Arena& arena, AddressRange image);

  /// Page `address` was touched, and is managed. Returns when it is there, or may be: a program
  /// that touches it again finds out. `interrupted` is the signal mask of the interrupted code, and
  /// a long stall ends early for a signal that it does not block; null: it is a system call that is
  /// going to touch the page, and the stall does not end early.
  /// `writes`: it was touched by a write.
  void fault(std::uint64_t address, bool writes, Thread& thread, const std::uint64_t* interrupted);

  /// True where recordings want call stacks. Any thread.
  [[nodiscard]] bool wants_stacks() { return manager_.instance().events().stacks() != 0; }

  /// True if the kernel may use the page at `address`: it is there, or not managed. Without the
  /// lock. It stays true as long as the calling thread holds the page.
  [[nodiscard]] bool is_resident(std::uint64_t address);
  /// The same of all pages of a range.
  [[nodiscard]] bool are_resident(AddressRange range);

  /// Makes the pages of `range` be there, for a system call. They stay as long as the calling
  /// thread holds them. Remote ones are fetched by one request for up to Thread::kClaims of them,
  /// which pays the latency once.
  void make_resident(AddressRange range, Thread& thread);

  /// While no thread moves a page or holds the records: for changes of mappings, forks, the end.
  class Exclusive {
   public:
    explicit Exclusive(InlinePath& path) : path_(path) {
      path_.gate_.close();
      path_.lock_.lock();
      path_.ahead_.bring_all_back();
    }
    ~Exclusive() {
      path_.lock_.unlock();
      path_.gate_.open();
    }
    Exclusive(const Exclusive&) = delete;
    Exclusive& operator=(const Exclusive&) = delete;

   private:
    SignalsBlocked blocked_;
    InlinePath& path_;
  };

  // Under Exclusive:

  /// `range` was mapped by the program, privately and anonymously.
  void mapped(AddressRange range, bool writable, dime_kind kind);
  /// `range` is about to move.
  void unwatch(AddressRange range) { manager_.space().faults().unregister(range); }
  /// `range` was moved or made longer.
  void remapped(AddressRange range);
  /// `range` is the program's, but never managed: stacks, files, shared memory.
  void leave_alone(AddressRange range);
  /// `range`, managed so far, comes home and is left alone from now on, because the kernel or the
  /// agent touches it where no fault can be served: stacks, areas that the kernel writes later.
  void unmanage(AddressRange range);
  /// The pages of `range` were dropped, and touching one is a SIGSEGV, or EFAULT, from now on.
  void guarded(AddressRange range);
  void unguarded(AddressRange range) { guards_.remove(range); }
  /// The pages of `range` were dropped; `unmapped`: so was the range.
  void dropped(AddressRange range, bool unmapped);
  void moved(std::uint64_t from, std::uint64_t to, std::uint64_t bytes);
  /// What the program says of its memory: see PageManager.
  void named(AddressRange range, const char* name) { manager_.named(range, name); }
  int place(AddressRange range, unsigned tier) {
    return manager_.place(range, tier, [] {});
  }
  void mark(const char* name) { manager_.mark(name); }
  /// Every page comes home.
  void fetch_all();
  /// The same, and nothing is evicted any more.
  void come_home();
  /// After come_home(): nothing is managed any more.
  void retire();
  /// In a forked child that is not followed: all of its memory is there, and it needs nothing for
  /// that. `shares_descriptors`: with its parent, which goes on to use them.
  void leave_in_child(Thread& thread, bool shares_descriptors);
  /// In a forked child, in which only `thread` lives. 0 or a negative errno.
  long continue_in_child(Thread& thread);

  // Under the lock only: the maintenance between faults. For the maintenance thread, whose signals
  // are blocked for good; count_pages() for any.
  void tick();
  void give_back();
  void count_pages();

  [[nodiscard]] PageManager& manager() { return manager_; }
  [[nodiscard]] Threads& threads() { return threads_; }
  [[nodiscard]] const Regions& managed() const { return managed_; }
  [[nodiscard]] const Regions& excluded() const { return excluded_; }
  [[nodiscard]] bool manages() const { return manager_.manages(); }

 private:
  static constexpr Nanos kNoEnd{UINT64_MAX};

  [[nodiscard]] Nanos lead(bool writes);
  bool send_back(PageNumber page, bool writes, Nanos entry, Thread& thread);
  const CallStack* take_stack(Thread& thread);
  void describe_access(dime_access access, Thread& thread, const CallStack* stack);
  void note_lead(bool writes, Nanos way, Nanos opening);
  Nanos make_room(PageId page, Nanos spare, Nanos now);
  Closed close_claimed(PageId victim, Nanos spare, Nanos& now);
  Closed evict(PageId victim, Nanos spare, Nanos& now);
  [[nodiscard]] unsigned together(Nanos spare) const;
  template <class Done>
  void let_others(Done&& done);
  void empty_stale_slots(Nanos ready);
  void name_ahead(PageId page, dime_prefetch_why why, Nanos at, Prefetches::Named& named);
  void fetch_ahead(Prefetches::Named& named, Nanos until);
  void fetch_ahead_for(PageId page, dime_prefetch_why why, Nanos at);
  bool make_room_ahead(PageId page, Nanos until);
  void use_prefetched(PageId page, Nanos entry, Nanos after, const std::uint64_t* interrupted);
  bool open(PageId page, const Fault& fault, Nanos now);
  bool wait(Nanos until, const std::uint64_t* interrupted);
  void wait_for(const PageRecord& record);
  Nanos make_room_for(Claim& claim, Nanos spare, Nanos now);
  void claim_remote(AddressRange range, Thread& thread);
  void fetch_together(AddressRange range, Thread& thread);
  void open_together(Thread& thread, const Fault& fault, Nanos entry);
  void cancel(Claim& claim, const Fault& fault);
  void move_guards(std::uint64_t from, std::uint64_t to, std::uint64_t bytes);
  void cancel_all();
  void cancel_in(AddressRange range);

  PageManager manager_;
  Ahead ahead_;
  Lock lock_;
  Gate gate_;
  Regions managed_;
  Regions excluded_;
  Regions guards_;  ///< of MADV_GUARD_INSTALL: not to be filled
  Threads threads_;
  MoveTimes moves_;
  Lead lead_;
  SleepMargin sleep_margin_;
  Nanos open_takes_{};         ///< to open one of several pages, as it was lately
  std::uint32_t waiting_ = 0;  ///< threads that spend a stall just now
  std::uint32_t processors_ = 1;
  std::uint64_t stack_turn_ = 0;  ///< accesses that might have been recorded with a call stack
};

/// Under the lock, which it lets go of until `done()`.
template <class Done>
void InlinePath::let_others(Done&& done) {
  lock_.unlock();
  Backoff backoff;
  while (!done()) {
    backoff.pause();
  }
  lock_.lock();
}

}  // namespace dime::agent
