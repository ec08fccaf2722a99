// SPDX-License-Identifier: GPL-2.0
// One line of a sweep's result, schema 1: its keys are an interface and only ever grow.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "experiments/metrics.h"
#include "experiments/statistics.h"

namespace dime::experiments {

inline constexpr int kRecordSchema = 1;
inline constexpr const char* kRecordKind = "sweep-run";

/// What the plan and the table need of a line.
struct Record {
  std::string program;
  std::string native;  ///< "" where emulated
  std::string point;   ///< the options as JSON
  unsigned repetition = 0;
  long block = -1;  ///< of a Slurm job; -1 = none. Runs of one block were made on one machine
  bool good = false;
  std::string problem;
  double wall_s = 0;
  double took_s = 0;  ///< with everything around the run
  std::map<std::string, double> metrics;
  std::optional<FileSum> output;
  std::string machine;              ///< host, kernel and CPU
  std::vector<std::string> doubts;  ///< why the number is weak, in a few words each

  /// Equal for runs of one point.
  [[nodiscard]] std::string key() const { return program + '\n' + native + '\n' + point; }
};

/// The key() of records of a point, from Point::identity.
std::string key_of(const nlohmann::ordered_json& identity);

/// Error: not a line of this schema.
Result<Record> parse_record(const nlohmann::ordered_json& line);

/// What makes an emulated run's number weak, from its `dime run --json`.
std::vector<std::string> doubts_of(const nlohmann::ordered_json& result);

/// Why the median `value` of these runs is weak: its interval, and each kind of their doubts once.
std::vector<std::string> doubts_of(double value, const Interval& interval,
                                   const std::vector<const Record*>& runs);

/// This machine as it stands in a line.
nlohmann::ordered_json machine_json();

}  // namespace dime::experiments
