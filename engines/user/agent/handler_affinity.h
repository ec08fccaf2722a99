// SPDX-License-Identifier: GPL-2.0
// Where the handler's thread runs, and how early it must release a fault so that the program sees
// the stall that was asked for.
#pragma once

#include "core/units.h"
#include "dime/abi.h"

namespace dime::agent {

class HandlerAffinity {
 public:
  /// Called on the handler's thread. `main_rseq` is the address of the main thread's rseq area, 0
  /// where unknown.
  void start(std::uint64_t main_rseq, std::uint32_t main_thread,
             const dime_calibration& calibration);

  /// A fault of `thread` was read. Cheap for one thread; moves the handler when the thread has
  /// moved.
  /// `spare` is the time that is left until it is released.
  void on_fault(std::uint32_t thread, Nanos now, Nanos spare);

  /// The handler woke by itself.
  void on_tick();

  /// What was there to do took so long.
  void on_served(Nanos took) {
    if (took > kStarved) {
      hurry();
    }
  }

  /// Much is to be done at once: no SCHED_IDLE until things are calm.
  void hurry() {
    if (idle_policy_) {
      leave_idle_policy();
    }
  }

  /// The part of a stall that lies outside the handler's own clock now, for a write or a read.
  [[nodiscard]] Nanos lead(bool writes) const;

 private:
  enum class Mode : std::uint8_t { kFollowing, kShared };
  void set_mode(Mode mode);
  void set_idle_policy(bool idle);
  void go_to(std::int32_t cpu);
  void watch_starvation(Nanos now);
  void leave_idle_policy();
  [[nodiscard]] bool is_calm() const;
  [[nodiscard]] std::int32_t cpu_of(std::uint32_t thread, Nanos spare);

  static constexpr Nanos kStarved{1'000'000};
  static constexpr unsigned kMaskWords = 16;  // 1,024 CPUs

  std::uint64_t all_cpus_[kMaskWords] = {};
  long mask_bytes_ = 0;
  std::uint32_t cpu_count_ = 0;
  bool can_go_back_ = false;  ///< from SCHED_IDLE
  std::uint64_t main_rseq_ = 0;
  std::uint32_t main_thread_ = 0;
  std::uint32_t own_thread_ = 0;
  std::uint32_t last_thread_ = 0;
  std::uint32_t same_thread_faults_ = 0;
  std::uint32_t faults_ = 0;
  std::uint32_t busy_until_ = 0;
  std::uint32_t penalty_ = 32;
  std::int32_t cpu_ = -1;
  Mode mode_ = Mode::kFollowing;
  bool idle_policy_ = false;
  std::uint64_t run_delay_ = 0;
  Nanos last_fault_{};
  std::uint64_t single_lead_ = 0;
  Nanos read_saves_{};
  std::uint64_t shared_lead_ = 0;
};

}  // namespace dime::agent
