// SPDX-License-Identifier: GPL-2.0
// What other threads do with a page, seen without the lock of the inline path.
#pragma once

#include "engines/user/agent/space.h"

namespace dime::agent {

inline PageState state_of(const PageRecord& record) {
  PageState state{};
  __atomic_load(&record.state, &state, __ATOMIC_ACQUIRE);
  return state;
}

/// The page was moved out ahead of its eviction, or is being moved.
inline bool is_ahead(const PageRecord& record) {
  return (__atomic_load_n(&record.flags, __ATOMIC_ACQUIRE) & kAhead) != 0;
}

/// A local page that the program may use: its data is not in its slot.
inline bool is_mapped(const PageRecord& record) {
  return (__atomic_load_n(&record.flags, __ATOMIC_ACQUIRE) & (kAhead | kTaken)) == 0;
}

/// Somebody moves the page out ahead of its eviction, just now.
inline bool is_going_ahead(const PageRecord& record) {
  return (__atomic_load_n(&record.flags, __ATOMIC_ACQUIRE) & (kAhead | kOut)) == kAhead;
}

/// Somebody moves the page out, just now.
inline bool is_leaving(const PageRecord& record) {
  return state_of(record) == PageState::kEvicting || is_going_ahead(record);
}

}  // namespace dime::agent
