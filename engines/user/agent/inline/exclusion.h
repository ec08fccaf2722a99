// SPDX-License-Identifier: GPL-2.0
// How the program's threads keep out of each other's way in the agent.
//
// Lock: the page records (instance, tables, thread records). PinnedBuffers for a few hundred
// nanoseconds, with all signals blocked, and never while memory of the program is touched. Gate:
// who moves pages enters; who changes mappings or forks closes it and waits until it is empty. So
// pages are never moved while what is under them changes. The gate comes before the lock.
//
// Both are plain words: a forked child has them in the state in which the forking thread left them.
#pragma once

#include "core/atomic.h"
#include "engines/user/agent/syscalls.h"

namespace dime::agent {

/// Lets others run: the processor's sibling first, then other threads, and at last also those of a
/// lower real-time priority, for which a yield makes no room: a thread that is waited for may be
/// one of them.
class Backoff {
 public:
  void pause() {
    if (++rounds_ < kSpins) {
      __builtin_ia32_pause();
    } else if (rounds_ < kSpins + kYields) {
      system_call(__NR_sched_yield);
    } else {
      const long pause[2] = {0, kPauseNs};
      system_call(__NR_nanosleep, pause, 0L);
    }
  }

 private:
  static constexpr unsigned kSpins = 64;
  static constexpr unsigned kYields = 64;
  static constexpr long kPauseNs = 20'000;
  unsigned rounds_ = 0;
};

class Lock {
 public:
  void lock() {
    Backoff backoff;
    while (atomic::exchange(word_, 1u) != 0) {
      backoff.pause();
    }
  }
  void unlock() { atomic::store_release(word_, 0u); }

 private:
  std::uint32_t word_ = 0;
};

class Gate {
 public:
  void enter() {
    Backoff backoff;
    for (;;) {
      // Announced before looking, as close() does it: one of the two sees the other.
      __atomic_fetch_add(&inside_, 1u, __ATOMIC_SEQ_CST);
      if (__atomic_load_n(&closed_, __ATOMIC_SEQ_CST) == 0) {
        return;
      }
      leave();
      while (atomic::load(closed_) != 0) {
        backoff.pause();
      }
    }
  }
  void leave() { __atomic_fetch_sub(&inside_, 1u, __ATOMIC_SEQ_CST); }

  void close() {
    Backoff backoff;
    while (__atomic_exchange_n(&closed_, 1u, __ATOMIC_SEQ_CST) != 0) {
      backoff.pause();
    }
    while (__atomic_load_n(&inside_, __ATOMIC_SEQ_CST) != 0) {
      backoff.pause();
    }
  }
  void open() { atomic::store_release(closed_, 0u); }

 private:
  std::uint32_t inside_ = 0;
  std::uint32_t closed_ = 0;
};

}  // namespace dime::agent
