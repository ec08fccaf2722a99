// SPDX-License-Identifier: GPL-2.0
// The faults that wait for their time: a binary heap by release time.
#pragma once

#include "core/instance.h"
#include "engines/user/agent/space.h"

namespace dime::agent {

struct PendingFault {
  Nanos release;  ///< when the page is to be opened
  Nanos entry;    ///< when the thread faulted, as far as known
  Nanos lead;     ///< what comes on top of what is measured here
  Fault fault;
  PageId page;
  bool has_room;  ///< a place among the local pages was made for it, or it needs none
};

class PendingFaults {
 public:
  static constexpr unsigned kCapacity =
      4096;  // threads that can wait at once; more wait for a place

  [[nodiscard]] bool empty() const { return count_ == 0; }
  [[nodiscard]] bool full() const { return count_ == kCapacity; }
  [[nodiscard]] unsigned count() const { return count_; }
  [[nodiscard]] const PendingFault& first() const { return heap_[0]; }
  [[nodiscard]] PendingFault& at(unsigned i) { return heap_[i]; }

  /// REQUIRES: !full().
  void push(const PendingFault& fault) {
    unsigned i = count_++;
    for (; i != 0 && fault.release < heap_[(i - 1) / 2].release; i = (i - 1) / 2) {
      heap_[i] = heap_[(i - 1) / 2];
    }
    heap_[i] = fault;
  }

  /// REQUIRES: !empty().
  PendingFault pop() {
    const PendingFault top = heap_[0];
    const PendingFault last = heap_[--count_];
    unsigned i = 0;
    for (;;) {
      unsigned child = 2 * i + 1;
      if (child + 1 < count_ && heap_[child + 1].release < heap_[child].release) {
        ++child;
      }
      if (child >= count_ || last.release <= heap_[child].release) {
        break;
      }
      heap_[i] = heap_[child];
      i = child;
    }
    heap_[i] = last;
    return top;
  }

  /// Takes out the fault of `page`, if it is here.
  bool remove(PageId page, PendingFault& fault) {
    for (unsigned i = 0; i < count_; ++i) {
      if (heap_[i].page == page) {
        fault = take(i);
        return true;
      }
    }
    return false;
  }

  /// Takes out one that has no room yet, if there is one.
  bool remove_roomless(PendingFault& fault) {
    for (unsigned i = 0; i < count_; ++i) {
      if (!heap_[i].has_room) {
        fault = take(i);
        return true;
      }
    }
    return false;
  }

 private:
  PendingFault take(unsigned i) {
    const PendingFault taken = heap_[i];
    // As if it were the earliest of all: up to the top, and out.
    for (; i != 0; i = (i - 1) / 2) {
      heap_[i] = heap_[(i - 1) / 2];
    }
    heap_[0] = taken;
    pop();
    return taken;
  }

  unsigned count_ = 0;
  PendingFault heap_[kCapacity];
};

}  // namespace dime::agent
