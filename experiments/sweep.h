// SPDX-License-Identifier: GPL-2.0
// A whole sweep: passes over the points until each has the runs it needs, each recorded when it has
// ended. What was recorded before counts, so a sweep that was killed goes on where it was.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "experiments/plan.h"
#include "experiments/results_file.h"
#include "experiments/runner.h"
#include "experiments/spec.h"

namespace dime::experiments {

/// What is known while a sweep goes on, for whoever shows it.
struct SweepState {
  std::size_t done = 0;   ///< runs that have been recorded
  std::size_t total = 0;  ///< with those still expected; grows where a precision is not reached
  std::optional<double> left_s;  ///< none before anything was measured
};

struct SweepEvents {
  std::function<void(const SweepState&, const std::string& what)> starts;
  std::function<void(const SweepState&, const std::string& what, const Record&)> ended;
  std::function<void(const std::string& text)> notice;
};

enum class SweepEnd { kDone, kInterrupted };

class Sweep {
 public:
  /// `retry_failed`: points whose last run failed are run again. Records of points that the spec
  /// does not have are left out of everything.
  Sweep(const Spec& spec, std::vector<Point> points, ResultsFile& results, bool retry_failed);

  /// Runs what is missing. Error: the sweep cannot go on; what was recorded stays.
  Result<SweepEnd> run(Runner& runner, const Interrupt& interrupt, const SweepEvents& events);

  [[nodiscard]] SweepState state() const;
  /// Expected runs of each point that are missing now.
  [[nodiscard]] std::vector<std::pair<Point, unsigned>> missing() const;
  [[nodiscard]] bool any_failed() const;

  /// What is added to each line, as where the run was made.
  void set_extra(nlohmann::ordered_json extra) { extra_ = std::move(extra); }

 private:
  void take(const Record& record, bool retry_failed);
  [[nodiscard]] const Progress& progress_of(const Point& point) const;
  [[nodiscard]] unsigned expected(const Point& point) const;
  [[nodiscard]] double usual_seconds() const;
  [[nodiscard]] bool baseline_failed(std::size_t program) const;
  [[nodiscard]] bool wanted(const Point& point, unsigned pass) const;
  Result<SweepEnd> run_pass(unsigned pass, Runner& runner, const Interrupt& interrupt,
                            const SweepEvents& events);
  Result<SweepEnd> run_point(const Point& point, unsigned pass, Runner& runner,
                             const SweepEvents& events);
  Result<void> begin(std::size_t program, Runner& runner);
  void check_output(const Point& point, nlohmann::ordered_json& line) const;

  const Spec& spec_;
  std::vector<Point> points_;
  ResultsFile& results_;
  std::map<std::string, Progress> progress_;  ///< by key
  std::map<std::string, std::vector<double>> took_;
  std::map<std::string, FileSum> outputs_;  ///< of the first native run, by program
  std::set<std::pair<std::string, std::string>> failed_natives_;  ///< program and kind
  std::set<std::size_t> begun_;                                   ///< programs whose set-up has run
  nlohmann::ordered_json extra_;
};

/// Error: the results were written with another spec; the message says what differs.
Result<void> check_same_spec(const ResultsFile& results, const Spec& spec, const std::string& path);

}  // namespace dime::experiments
