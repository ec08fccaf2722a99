// SPDX-License-Identifier: GPL-2.0
// System calls without the C library.
//
// The agent's thread has no TLS, and the C library's wrappers keep state (errno, cancellation) in
// memory that is itself managed; touching it from the thread that resolves faults would wait for
// itself. Results are the kernel's: negative errno.
//
// All of them are made by one instruction, dime_raw_system_call of patch/thunk.cc: where the
// program's system calls are dispatched to the agent, its own must not be.
#pragma once

#include <asm/unistd.h>
#include <linux/errno.h>

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace dime::agent {

/// A system call's argument as the register wants it: pointers as addresses, integers extended as
/// their type says.
template <class T>
inline long as_register(T value) {
  if constexpr (std::is_integral_v<T> || std::is_enum_v<T>) {
    return static_cast<long>(value);
  } else {
    return reinterpret_cast<long>(value);
  }
}

template <class A = long, class B = long, class C = long, class D = long, class E = long,
          class F = long>
inline long system_call(long number, A a = 0, B b = 0, C c = 0, D d = 0, E e = 0, F f = 0) {
  long result = number;
  register long r10 __asm__("r10") = as_register(d);
  register long r8 __asm__("r8") = as_register(e);
  register long r9 __asm__("r9") = as_register(f);
  __asm__ volatile("call dime_raw_system_call"
                   : "+a"(result)
                   : "D"(as_register(a)), "S"(as_register(b)), "d"(as_register(c)), "r"(r10),
                     "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}

inline bool failed(long result) {
  return result < 0 && result > -4096;
}

/// Blocks all signals of the calling thread for the life of the object.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    const std::uint64_t all = ~std::uint64_t{0};
    system_call(__NR_rt_sigprocmask, /*SIG_SETMASK=*/2L, &all, &saved_, sizeof(saved_));
  }
  ~SignalsBlocked() { system_call(__NR_rt_sigprocmask, 2L, &saved_, 0L, sizeof(saved_)); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  std::uint64_t saved_ = 0;
};

/// A futex-based mutex without owner or recursion, for short sections. Usable before any set-up:
/// zero is unlocked.
class Mutex {
 public:
  void lock() {
    std::uint32_t seen = 0;
    while (!__atomic_compare_exchange_n(&word_, &seen, 1u, false, __ATOMIC_ACQUIRE,
                                        __ATOMIC_RELAXED)) {
      system_call(__NR_futex, &word_, /*FUTEX_WAIT_PRIVATE=*/128L, 1L, 0L);
      seen = 0;
    }
  }
  void unlock() {
    __atomic_store_n(&word_, 0u, __ATOMIC_RELEASE);
    system_call(__NR_futex, &word_, /*FUTEX_WAKE_PRIVATE=*/129L, 1L);
  }
  void reset() { __atomic_store_n(&word_, 0u, __ATOMIC_RELEASE); }

 private:
  std::uint32_t word_ = 0;
};

}  // namespace dime::agent
