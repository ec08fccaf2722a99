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

  /// The margin of a wait of which `left` is left. A long one keeps the least: spinning longer
  /// would cost it the processor where others want it, and gain little.
  [[nodiscard]] Nanos of(Nanos left) const { return left.value < kLong ? value() : Nanos{kLeast}; }

  /// A sleep ended so much later than it was asked to. Up by a lot, down by a little: about one
  /// sleep in sixteen is later than the margin. What is later than the highest margin says that
  /// others had the processor; a thread that spins longer then gets it back still later.
  void note(Nanos late) {
    if (late.value > kMost) {
      return;
    }
    const std::uint64_t margin = atomic::load(value_);
    const std::uint64_t next =
        late.value > margin ? margin + margin / kUp : margin - margin / kDown;
    atomic::store(value_, next < kLeast ? kLeast : next > kMost ? kMost : next);
  }

 private:
  static constexpr std::uint64_t kUp = 4;
  static constexpr std::uint64_t kDown = 64;
  static constexpr std::uint64_t kLeast = 80'000;
  static constexpr std::uint64_t kMost = 300'000;
  static constexpr std::uint64_t kLong = 500'000;

  std::uint64_t value_ = kLeast;
};

}  // namespace dime::agent
