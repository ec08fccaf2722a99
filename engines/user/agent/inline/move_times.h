// SPDX-License-Identifier: GPL-2.0
// What it takes to move a page just now.
//
// The kernel unmaps what it moves, and interrupts each other processor on which a thread of the
// program runs. On virtual machines that takes ten times as long as the move. Nobody can ask for
// where the threads run, but how long the last moves took tells.
//
// And a processor is faster in one second than in the next: what lies outside the agent's own clock
// (the way into the signal handler and back) is taken to change as the moves home do.
#pragma once

#include "core/units.h"

namespace dime::agent {

/// The notes are made under the lock of the inline path; what is read may be old.
class MoveTimes {
 public:
  void note_out(Nanos took) {
    least_ = took.value < least_ ? took.value : least_;
    // Far outliers are of the machine, not of the move: one of them alone changes nothing.
    const std::uint64_t most = least_ + kDear * (kWeight - 1);
    const std::uint64_t counted = took.value < most ? took.value : most;
    usual_ = usual_ - usual_ / kWeight + counted / kWeight;
  }
  void note_home(Nanos took) {
    // A running median: up or down by a small step.
    const std::uint64_t step = home_ / kSteps;
    if (home_ == 0) {
      home_ = took.value;
    } else if (took.value != home_) {
      home_ = took.value > home_ ? home_ + step : home_ - step;
    }
    if (++homes_ % kStretch == 0 && home_ < home_least_) {
      home_least_ = home_;
    }
  }
  /// What a move home takes; 0 = there was none so far.
  [[nodiscard]] Nanos home() const { return {home_}; }
  /// The same in the quickest moment so far; 0 = there were too few.
  [[nodiscard]] Nanos home_at_best() const { return {homes_ < kStretch ? 0 : home_least_}; }
  /// `lead`, which was measured when a move home took `home`, as it is now.
  [[nodiscard]] Nanos now(Nanos lead, Nanos home) const {
    if (home.value == 0 || home_ == 0) {
      return lead;
    }
    const std::uint64_t scaled = lead.value * home_ / home.value;
    const std::uint64_t most = lead.value * 5 / 4;
    const std::uint64_t least = lead.value * 2 / 3;
    return {scaled > most ? most : scaled < least ? least : scaled};
  }
  /// A copy takes less than a move and kDear, which is also more than what eight pages at once take
  /// beyond one.
  [[nodiscard]] bool interrupt_others() const { return usual_ > least_ + kDear; }

 private:
  static constexpr std::uint64_t kWeight = 8;
  static constexpr std::uint64_t kDear = 3'000;

  static constexpr std::uint64_t kSteps = 64;
  static constexpr std::uint64_t kStretch = 40;  // as quiet_median() of the calibration

  std::uint64_t home_ = 0;
  std::uint64_t homes_ = 0;
  std::uint64_t home_least_ = UINT64_MAX;
  std::uint64_t least_ = 10'000;
  std::uint64_t usual_ = 0;
};

}  // namespace dime::agent
