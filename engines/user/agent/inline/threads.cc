// SPDX-License-Identifier: GPL-2.0
// Records are never moved and never leave the hash table: the C library reuses thread pointers, so
// a thread that ends leaves its record to the next one with the same pointer.
#include "engines/user/agent/inline/threads.h"

#include "core/atomic.h"
#include "engines/user/agent/inline/exclusion.h"
#include "engines/user/agent/syscalls.h"

namespace dime::agent {
namespace {

std::uint64_t thread_pointer() {
  std::uint64_t pointer = 0;
  __asm__("mov %%fs:0, %0" : "=r"(pointer));
  return pointer;
}

}  // namespace

bool Threads::start(Memory& memory) {
  threads_ = static_cast<Thread*>(memory.allocate(kCapacity * sizeof(Thread)));
  places_ = static_cast<std::uint32_t*>(memory.allocate(kPlaces * sizeof(std::uint32_t)));
  return threads_ != nullptr && places_ != nullptr;
}

Thread& Threads::current() {
  const std::uint64_t pointer = thread_pointer();
  std::uint64_t at = (pointer >> 6) * 0x9e3779b97f4a7c15u >> 48;
  for (;; at = (at + 1) % kPlaces) {
    std::uint32_t place = atomic::load_acquire(places_[at]);
    if (place == 0) {
      const std::uint32_t index = __atomic_fetch_add(&used_, 1u, __ATOMIC_ACQ_REL);
      if (index >= kCapacity - 1) {
        atomic::store(used_, kCapacity);
        Thread& shared = threads_[kCapacity - 1];
        shared.pins_all = true;
        shared.pointer = kNobody;
        return shared;
      }
      atomic::store(threads_[index].pointer, pointer);
      if (atomic::compare_exchange(places_[at], place, index + 1)) {
        return threads_[index];
      }
      // Another thread took the place; the record stays unused.
      atomic::store(threads_[index].pointer, std::uint64_t{0});
    }
    Thread& thread = threads_[place - 1];
    if (atomic::load(thread.pointer) == pointer) {
      if (const std::uint32_t number = atomic::load_acquire(thread.ending); number != 0) {
        release(thread, number);  // of the thread that had the pointer before
      }
      return thread;
    }
  }
}

void Threads::leave(Thread& thread) {
  atomic::store(thread.pinned_count, 0u);
  thread.pins_all = false;
  thread.depth = 0;
  thread.prepared = false;
  thread.met = false;
  thread.blocked = 0;
  thread.really_blocked = 0;
  thread.kept = 0;
  thread.program_signal_stack = {};
  thread.stack = {};
  thread.bounces = {};
  thread.number = 0;
  thread.site = {};
  thread.readable = {};
  thread.ending = 0;
}

void Threads::leave_holding(Thread& thread, std::uint32_t number) {
  const std::uint32_t pinned = thread.pinned_count;
  const bool all = thread.pins_all;
  leave(thread);
  thread.pins_all = all;
  atomic::store(thread.pinned_count, pinned);
  atomic::add(ending_, 1u);
  atomic::store_release(thread.ending, number);
}

/// The next thread with the same pointer may come while the maintenance looks at the record: one of
/// them lets go, and the other waits for that.
void Threads::release(Thread& thread, std::uint32_t number) {
  if (number != kReleasing && atomic::compare_exchange(thread.ending, number, kReleasing)) {
    thread.pins_all = false;
    atomic::store(thread.pinned_count, 0u);
    atomic::sub(ending_, 1u);
    atomic::store_release(thread.ending, 0u);
  }
  Backoff backoff;
  while (atomic::load_acquire(thread.ending) != 0) {
    backoff.pause();
  }
}

void Threads::release_gone() {
  if (atomic::load(ending_) == 0) {
    return;
  }
  const long process = system_call(__NR_getpid);
  for_each([&](Thread& thread) {
    const std::uint32_t number = atomic::load_acquire(thread.ending);
    if (number != 0 && system_call(__NR_tgkill, process, number, 0L) == -ESRCH) {
      release(thread, number);
    }
  });
}

bool Threads::holds(std::uint64_t address) const {
  const std::uint32_t used = atomic::load_acquire(used_);
  for (std::uint32_t i = 0; i < used; ++i) {
    const Thread& thread = threads_[i];
    if (atomic::load(thread.pins_all)) {
      return true;
    }
    const std::uint32_t count = atomic::load_acquire(thread.pinned_count);
    for (std::uint32_t k = 0; k < count; ++k) {
      if (address >= atomic::load(thread.pinned[k].begin) &&
          address < atomic::load(thread.pinned[k].end)) {
        return true;
      }
    }
  }
  return false;
}

void Threads::forget_others(const Thread& kept) {
  for_each([&](Thread& thread) {
    if (&thread != &kept) {
      leave(thread);
      thread.claim_count = 0;
    }
  });
  ending_ = 0;
}

}  // namespace dime::agent
