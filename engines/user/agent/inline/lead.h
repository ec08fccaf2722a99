// SPDX-License-Identifier: GPL-2.0
// What a fault costs outside of the handler's own clock: the way into the handler, before it looks
// at the clock first, and the way back, behind its last look.
//
// Now and then a fault is sent back with nothing done. The instruction faults again at once, and
// the time from leaving the handler to entering it again is those two ways, in this program, on
// this processor and at its speed of now. The stall of such a fault counts from its first entry.
// What opening the page takes behind the end of the wait is measured with the same faults. Behind a
// page that was moved the ways are longer by a third or so, because the processor has to look up
// more addresses anew; the calibration tells by how much (ADR 44).
#pragma once

#include "core/units.h"

namespace dime::agent {

/// The median of what was noted lately: single outliers do not show, and a change does soon.
class RecentMedian {
 public:
  void note(std::uint64_t sample) {
    samples_[noted_++ % kSamples] = sample;
    const unsigned count = noted_ < kSamples ? noted_ : kSamples;
    // The sample with as many below as above it.
    for (unsigned i = 0; i < count; ++i) {
      unsigned below = 0;
      unsigned equal = 0;
      for (unsigned k = 0; k < count; ++k) {
        below += samples_[k] < samples_[i] ? 1 : 0;
        equal += samples_[k] == samples_[i] ? 1 : 0;
      }
      if (below <= count / 2 && count / 2 < below + equal) {
        value_ = samples_[i];
      }
    }
  }
  /// 0 = nothing was noted.
  [[nodiscard]] std::uint64_t value() const { return value_; }
  /// True if it does not depend on one sample alone.
  [[nodiscard]] bool has_enough_samples() const { return noted_ >= 3; }

 private:
  static constexpr unsigned kSamples = 5;

  std::uint64_t samples_[kSamples] = {};
  std::uint64_t value_ = 0;
  unsigned noted_ = 0;
};

/// The median of all that was noted, roughly: by steps up or down, which become smaller.
class RunningMedian {
 public:
  void note(std::uint64_t sample) {
    const std::uint64_t parts = ++noted_ < kFewest ? kFewest : noted_ < kMost ? noted_ : kMost;
    if (noted_ == 1) {
      value_ = sample;
    } else if (sample != value_) {
      value_ = sample > value_ ? value_ + value_ / parts : value_ - value_ / parts;
    }
  }
  /// 0 = nothing was noted.
  [[nodiscard]] std::uint64_t value() const { return value_; }

 private:
  static constexpr std::uint64_t kFewest = 4;
  static constexpr std::uint64_t kMost = 64;

  std::uint64_t value_ = 0;
  std::uint64_t noted_ = 0;
};

/// By how much a wait is shorter than the stall that it is part of. The notes are made under the
/// lock of the inline path; what is read may be old.
class Lead {
 public:
  /// Of a fault that was sent back: how long it was away, and how long its page took from when it
  /// was about to be opened.
  void note(bool writes, Nanos way, Nanos opening) {
    Kind& kind = kinds_[writes ? 1 : 0];
    kind.ways.note(way.value);
    opening_.note(opening.value);
    if (kind.ways.has_enough_samples()) {
      kind.usual.note(kind.ways.value() + opening_.value());
    }
  }
  /// What was found lately, and over all; 0 = too little is known.
  [[nodiscard]] Nanos found(bool writes) const {
    const RecentMedian& ways = kinds_[writes ? 1 : 0].ways;
    return {ways.has_enough_samples() ? ways.value() + opening_.value() : 0};
  }
  [[nodiscard]] Nanos usual(bool writes) const { return {kinds_[writes ? 1 : 0].usual.value()}; }

  /// The lead, which was `lead` where `found` was usual. Where nobody has measured it, what is
  /// found is taken for all of it.
  [[nodiscard]] Nanos now(bool writes, Nanos lead, Nanos found) const {
    const Nanos here = this->found(writes);
    if (lead == Nanos{}) {
      return here;
    }
    return here == Nanos{} || found == Nanos{} ? lead
                                               : Nanos{lead.value * here.value / found.value};
  }

 private:
  struct Kind {
    RecentMedian ways;
    RunningMedian usual;
  };

  Kind kinds_[2];  ///< of reads; of writes, for which the kernel makes a page first
  RecentMedian opening_;
};

/// Which faults of a thread are sent back. The thread's own.
class Bounces {
 public:
  /// The page that is touched at `entry` by a fault. Where that is a fault which was sent back and
  /// comes again: how long it was away, and `entry` is when it came first. Otherwise 0.
  Nanos returned(PageNumber page, Nanos& entry) {
    const bool same = away_ && page_ == page && entry - left_ < kLongest;
    away_ = false;
    if (!same) {
      return {};
    }
    const Nanos way = entry - left_;
    entry = entered_;
    return way;
  }
  /// True if the next fault of a remote page is to be sent back: any, where `nothing_known`.
  [[nodiscard]] bool due(bool nothing_known) {
    if (stall_ == Nanos{}) {
      return false;
    }
    until_ -= until_ > 0 ? 1 : 0;
    return nothing_known || until_ == 0;
  }
  void send(PageNumber page, Nanos entered, Nanos left) {
    away_ = true;
    page_ = page;
    entered_ = entered;
    left_ = left;
    until_ = often_ ? kOften : kSeldom;
  }
  /// The last stall that was asked for. Without one, nobody needs a lead; where it is short, a
  /// fault that is sent back takes longer than asked. `floor`: what an access takes at least here.
  void set_stall(Nanos stall, Nanos floor) {
    stall_ = stall;
    const Nanos hides{2 * floor.value};
    often_ = stall > (hides > kHides ? hides : kHides);
  }

 private:
  // It comes again at once, or the thread runs a signal handler first.
  static constexpr Nanos kLongest{100'000};
  // A stall that hides the detour of a fault that is sent back, also where it evicts: twice what an
  // access takes at least, and this where that is not known.
  static constexpr Nanos kHides{11'000};
  static constexpr std::uint32_t kOften = 8;
  static constexpr std::uint32_t kSeldom = 256;  // not to be seen in p99

  PageNumber page_{};
  Nanos entered_{};
  Nanos left_{};
  Nanos stall_{};
  std::uint32_t until_ = kSeldom;
  bool away_ = false;
  bool often_ = false;
};

}  // namespace dime::agent
