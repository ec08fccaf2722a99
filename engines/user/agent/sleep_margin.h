// SPDX-License-Identifier: GPL-2.0
// By how much a stall has to be woken early: timers are late by some 50 us on one machine and by
// several times as much on another, or beside other programs, and what is left is spun.
#pragma once

#include "core/atomic.h"
#include "core/units.h"

namespace dime::agent {

/// Shared by all threads: a note that is lost among several does no harm.
class SleepMargin {
 public:
  [[nodiscard]] Nanos value() const { return {atomic::load(value_)}; }

  /// A sleep ended so much later than it was asked to. Up by a lot, down by a little: about one
  /// sleep in sixteen is later than the margin.
  void note(Nanos late) {
    const std::uint64_t margin = atomic::load(value_);
    const std::uint64_t next =
        late.value > margin ? margin + margin / kUp : margin - margin / kDown;
    atomic::store(value_, next < kLeast ? kLeast : next > kMost ? kMost : next);
  }

 private:
  static constexpr std::uint64_t kUp = 4;
  static constexpr std::uint64_t kDown = 64;
  static constexpr std::uint64_t kLeast = 80'000;
  // What takes longer is a processor that others have: a margin does not help against that.
  static constexpr std::uint64_t kMost = 400'000;

  std::uint64_t value_ = kLeast;
};

}  // namespace dime::agent
