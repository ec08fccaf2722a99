// SPDX-License-Identifier: GPL-2.0
// Atomic access to plain integers that live in the control block.
//
// The block is a C layout shared by processes (and, in the kernel, by C code), so its fields are
// plain integers and every access to one that changes goes through these. Relaxed order unless the
// name says otherwise.
#pragma once

#include <cstdint>

namespace dime::atomic {

template <class T>
inline T load(const T& value) {
  return __atomic_load_n(&value, __ATOMIC_RELAXED);
}

template <class T>
inline T load_acquire(const T& value) {
  return __atomic_load_n(&value, __ATOMIC_ACQUIRE);
}

template <class T>
inline void store(T& value, T to) {
  __atomic_store_n(&value, to, __ATOMIC_RELAXED);
}

template <class T>
inline void store_release(T& value, T to) {
  __atomic_store_n(&value, to, __ATOMIC_RELEASE);
}

template <class T>
inline T add(T& value, T by) {
  return __atomic_add_fetch(&value, by, __ATOMIC_RELAXED);
}

template <class T>
inline T sub(T& value, T by) {
  return __atomic_sub_fetch(&value, by, __ATOMIC_RELAXED);
}

template <class T>
inline T exchange(T& value, T to) {
  return __atomic_exchange_n(&value, to, __ATOMIC_ACQ_REL);
}

/// Replaces `expected` by `to`; on failure `expected` is what was found.
template <class T>
inline bool compare_exchange(T& value, T& expected, T to) {
  return __atomic_compare_exchange_n(&value, &expected, to, /*weak=*/false, __ATOMIC_ACQ_REL,
                                     __ATOMIC_ACQUIRE);
}

/// Raises `value` to `to` if that is more.
template <class T>
inline void raise(T& value, T to) {
  T seen = load(value);
  while (seen < to && !compare_exchange(value, seen, to)) {
  }
}

}  // namespace dime::atomic
