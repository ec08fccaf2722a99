// SPDX-License-Identifier: GPL-2.0
// Says what happened to which page, for `dime record`: the writer's side of include/dime/events.h.
//
// Off, which is what nearly every run is, it costs its user one branch. Not thread-safe: one a
// process, guarded by the instance's lock. The ring is shared with other processes.
#pragma once

#include "core/call_stack.h"
#include "core/units.h"
#include "dime/events.h"
#include "dime/policy.h"

namespace dime {

class Events {
 public:
  struct Clock {
    Nanos (*now)();
    void (*pause)();  ///< waits for about a millisecond
  };

  /// Writes into `ring`, which outlives this, from now on: what the process `pid` does. Says first
  /// that the process has started, by its parent.
  void start(dime_events& ring, std::uint32_t pid, std::uint32_t parent, Clock clock);
  [[nodiscard]] bool are_on() const { return ring_ != nullptr; }
  /// Whether only a sample of the pages is recorded (core/page_sample.h): the others are of
  /// DIME_TIER_LOCAL, and nothing is said of pages of that tier.
  [[nodiscard]] bool are_sampled() const { return sampled_; }

  // REQUIRES: they are on.

  /// A page was touched at `at`, by this code; null = not known.
  void touched(dime_event_what what, PageNumber page, Nanos at, std::uint32_t thread,
               std::uint8_t access, const CallStack* stack = nullptr) {
    write(what, page, at, thread, access, stack);
  }
  /// Something else happened to the page, just now.
  void happened(dime_event_what what, PageNumber page, std::uint32_t thread) {
    write(what, page, clock_.now(), thread, DIME_ACCESS_UNKNOWN, nullptr);
  }

  /// One in so many accesses is wanted with its call stack; 0 = none. Any thread, on or not.
  [[nodiscard]] std::uint32_t stacks() const { return stacks_; }

  /// A ring that stays full for so many pauses has no reader any more.
  static constexpr unsigned kMostPauses = 2'000;

 private:
  void write(dime_event_what what, PageNumber page, Nanos at, std::uint32_t thread,
             std::uint8_t access, const CallStack* stack);
  dime_page_event& place(std::uint64_t turn, dime_event_what what, std::uint32_t thread);
  void write_stack(std::uint64_t turn, const CallStack& stack, std::uint32_t thread);
  [[nodiscard]] bool wait_for_place(std::uint64_t turn);

  dime_events* ring_ = nullptr;
  Clock clock_{};
  std::uint32_t pid_ = 0;
  bool sampled_ = false;
  std::uint32_t stacks_ = 0;
};

}  // namespace dime
