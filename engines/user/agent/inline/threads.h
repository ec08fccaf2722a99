// SPDX-License-Identifier: GPL-2.0
// What the agent keeps for each thread of the program: the memory that the kernel uses for it just
// now, the pages that it fetches, its masks.
//
// A thread finds its record by its thread pointer (fs), so the agent needs no TLS of its own. A
// child of vfork() or posix_spawn() runs on its parent's thread pointer while that waits, and uses
// its record.
#pragma once

#include "core/instance.h"
#include "core/memory.h"
#include "core/units.h"
#include "engines/user/agent/inline/call_stack.h"
#include "engines/user/agent/inline/lead.h"

namespace dime::agent {

/// A page that a thread fetches.
struct Claim {
  PageId page;
  bool cancelled;  ///< it was unmapped meanwhile, or everything came home
  bool has_room;
};

struct alignas(64) Thread {
  // Read by others while they look for victims.
  std::uint32_t pinned_count = 0;  ///< ranges in `pinned`
  std::uint32_t ending = 0;        ///< number of a thread that ends and holds all that until then
  std::uint64_t pointer = 0;       ///< fs; 0 = the record is free
  static constexpr std::uint32_t kPinned = 64;
  AddressRange pinned[kPinned];  ///< whole pages that must stay local
  bool pins_all = false;         ///< nothing may be evicted

  // The thread's own.
  bool prepared = false;  ///< as the C library began it: has an alternate stack, calls dispatched
  bool met = false;       ///< its calls are dispatched, although nobody has prepared it

  // Under the lock.
  static constexpr std::uint32_t kClaims = 16;
  std::uint32_t claim_count = 0;
  Claim claims[kClaims];
  Claim& claim(PageId page) { return claims[claim_count++] = {page, false, false}; }

  // The thread's own.
  AddressRange signal_stack;          ///< the agent's alternate stack
  AddressRange program_signal_stack;  ///< the program's, empty = none
  std::uint64_t blocked = 0;  ///< of the agent's signals: which the program thinks are blocked
  std::uint64_t really_blocked = 0;   ///< of them, those that the kernel blocks just now
  std::uint64_t blocked_in_call = 0;  ///< ... and for the call that it is in
  std::uint64_t kept = 0;             ///< of them, those that were sent to it meanwhile ...
  alignas(8) char kept_info[2][128];  ///< ... with their siginfo
  std::uint64_t retried = 0;  ///< where its last SIGBUS of nothing managed was, if tried again
  AddressRange stack;         ///< where its stack is known to be unmanaged
  Bounces bounces;
  std::int32_t program_signal_flags = 0;
  std::uint32_t number = 0;  ///< of the thread, where somebody has asked for it
  // For recordings with call stacks.
  Site site;              ///< where its code is that faults, or makes a system call
  AddressRange readable;  ///< what of its stack can be read
  CallStack call_stack;   ///< of its last access that was recorded with one
  // A signal handler's calls hold their pages beside those of the call that it interrupted.
  static constexpr std::uint32_t kDepth = 8;
  std::uint32_t depth = 0;
  std::uint64_t level_stack[kDepth];   ///< stack pointer of the calls
  std::uint32_t level_before[kDepth];  ///< pinned_count before them
};

/// While it lives, its thread is at `site`. Null: nobody wants to know.
class AtSite {
 public:
  AtSite(Thread* thread, const Site& site) : thread_(thread) {
    if (thread != nullptr) {
      before_ = thread->site;
      thread->site = site;
    }
  }
  ~AtSite() {
    if (thread_ != nullptr) {
      thread_->site = before_;
    }
  }
  AtSite(const AtSite&) = delete;
  AtSite& operator=(const AtSite&) = delete;

 private:
  Thread* thread_;
  Site before_;
};

class Threads {
 public:
  static constexpr std::uint32_t kCapacity = 16 * 1024;

  /// REQUIRES: called once, before any other method. False without memory.
  bool start(Memory& memory);

  /// The calling thread's record, made if it has none. Any thread, without the lock. When all are
  /// taken, threads share the last one, which holds everything.
  Thread& current();

  /// True for a record that several threads may use.
  [[nodiscard]] static bool is_shared(const Thread& thread) { return thread.pointer == kNobody; }

  /// The calling thread ends: its record is free once it is gone.
  void leave(Thread& thread);

  /// The same, but what it holds stays held until the thread of that `number` is gone.
  void leave_holding(Thread& thread, std::uint32_t number);
  /// Lets go of what threads held that are gone by now. One thread.
  void release_gone();

  /// True if a thread holds the page at `address`. To be called after the page was marked as being
  /// evicted, with a full barrier between.
  [[nodiscard]] bool holds(std::uint64_t address) const;

  /// In a forked child: all records but the caller's are free.
  void forget_others(const Thread& kept);

  template <class Visit>
  void for_each(Visit&& visit) {
    const std::uint32_t used = __atomic_load_n(&used_, __ATOMIC_ACQUIRE);
    for (std::uint32_t i = 0; i < used; ++i) {
      visit(threads_[i]);
    }
  }

 private:
  /// `ending` while somebody lets go of what is pinned.
  static constexpr std::uint32_t kReleasing = UINT32_MAX;
  void release(Thread& thread, std::uint32_t number);

  static constexpr std::uint32_t kPlaces = 4 * kCapacity;
  static constexpr std::uint64_t kNobody = 1;  ///< a pointer that no thread has

  Thread* threads_ = nullptr;
  std::uint32_t* places_ = nullptr;  ///< hash table by pointer: index + 1
  std::uint32_t used_ = 0;
  std::uint32_t ending_ = 0;  ///< records with `ending`
};

}  // namespace dime::agent
