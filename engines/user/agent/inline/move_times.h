// SPDX-License-Identifier: GPL-2.0
// What it takes to move a page just now.
//
// The kernel unmaps what it moves, and interrupts each other processor on which a thread of the
// program runs. On virtual machines that takes ten times as long as the move. Nobody can ask for
// where the threads run, but how long the last moves took tells.
#pragma once

#include "engines/user/agent/inline/lead.h"

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
  void note_home(Nanos took) { home_.note(took.value); }
  /// What a move out takes.
  [[nodiscard]] Nanos out() const { return {usual_}; }
  /// What a move home takes; 0 = there was none so far.
  [[nodiscard]] Nanos home() const { return {home_.value()}; }
  /// A copy takes less than a move and kDear, which is also more than what eight pages at once take
  /// beyond one.
  [[nodiscard]] bool interrupt_others() const { return usual_ > least_ + kDear; }

 private:
  static constexpr std::uint64_t kWeight = 8;
  static constexpr std::uint64_t kDear = 3'000;

  RunningMedian home_;
  std::uint64_t least_ = 10'000;
  std::uint64_t usual_ = 0;
};

}  // namespace dime::agent
