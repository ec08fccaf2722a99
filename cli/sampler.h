// SPDX-License-Identifier: GPL-2.0
// The time series of `dime run` and `dime attach`: reads the instance's counters while they wait.
#pragma once

#include <chrono>
#include <string>

#include "cli/engine.h"
#include "report/run_result.h"
#include "report/samples.h"

namespace dime {

/// What --interval gives, and what is allowed where it cannot be.
Result<std::chrono::milliseconds> parse_interval(const std::string& text);

class Sampler {
 public:
  /// Takes the first reading. `session` must outlive it.
  Sampler(Session& session, std::chrono::milliseconds interval);

  /// How often tick() is to be called.
  [[nodiscard]] std::chrono::milliseconds period() const { return period_; }

  /// Takes a sample where one is due. A reading that fails is left out.
  void tick();

  /// Takes the last sample, and puts the series and what stalls took into the result.
  void finish(RunResult& result);

 private:
  Session& session_;
  std::chrono::milliseconds interval_;
  std::chrono::milliseconds period_;
  std::chrono::steady_clock::time_point due_;
  SampleSeries series_;
  bool begun_ = false;
};

}  // namespace dime
