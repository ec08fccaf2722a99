// SPDX-License-Identifier: GPL-2.0
// What `dime top` shows: the instances of all engines, with what they did in the last minute.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "cli/engine.h"
#include "report/samples.h"

namespace dime {

struct TopMember {
  std::uint32_t pid = 0;
  std::string comm;
  Pages pages;
  std::uint64_t remote = 0;    ///< remote accesses so far
  double remote_rate = 0;      ///< a second, in the last interval
  double stalled_share = 0;    ///< of the last interval, added up over its threads
  std::uint64_t stall_ns = 0;  ///< so far
};

struct TopInstance {
  Engine* engine = nullptr;  ///< the model's
  InstanceView view;
  Reading last;
  std::deque<Sample> history;  ///< the latest at the end; empty at first
  std::vector<TopMember> members;
};

class TopModel {
 public:
  /// Intervals that are kept.
  static constexpr std::size_t kHistory = 60;

  explicit TopModel(std::vector<std::unique_ptr<Engine>> engines) : engines_(std::move(engines)) {}

  /// Reads everything anew; a sample is added to each instance that was there before.
  Result<void> refresh();

  [[nodiscard]] const std::vector<TopInstance>& instances() const { return instances_; }

 private:
  std::vector<std::unique_ptr<Engine>> engines_;
  std::vector<TopInstance> instances_;
};

}  // namespace dime
