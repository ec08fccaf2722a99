// SPDX-License-Identifier: GPL-2.0
// One run of a point: started, limited in time, judged, and made a line of the results.
#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/result.h"
#include "experiments/child_group.h"
#include "experiments/metrics.h"
#include "experiments/plan.h"
#include "experiments/spec.h"

namespace dime::experiments {

/// What is known of a run so far. A problem makes it a failed one.
struct Outcome {
  bool interrupted = false;
  std::string problem;
  double wall_s = 0;
  double user_s = 0;
  double sys_s = 0;
  std::optional<int> exit_status;
  std::optional<int> server_exit_status;
  std::map<std::string, double> metrics;
  std::optional<FileSum> output;
  nlohmann::ordered_json result;

  void fail_with(const std::string& text) {
    if (problem.empty()) {
      problem = text;
    }
  }
};

class Runner {
 public:
  /// `dime` is the program that emulates. `folder` holds what runs print, and {scratch}; what
  /// failed runs printed stays in it. All must outlive this object.
  Runner(const Spec& spec, std::string dime, std::filesystem::path folder, const Watcher& watcher,
         const Interrupt& interrupt);

  /// Creates the folders.
  Result<void> prepare();
  /// Removes {scratch}, and the folder where nothing was kept in it.
  void clean_up();

  /// The line of the run; none where a signal came. The line says whether the run failed and why;
  /// an error is about the sweep itself.
  Result<std::optional<nlohmann::ordered_json>> run(const Point& point, unsigned repetition);

  /// Runs one of the program's own commands (set-up, tear-down), natively. An empty one does
  /// nothing.
  Result<void> run_command(const Program& program, const std::string& name,
                           const std::string& command);

  /// A native run that counts for nothing. Error: it failed.
  Result<void> warm_up(std::size_t program);

 private:
  Result<void> measure(const Point& point, Outcome& outcome);
  Result<void> measure_program(ChildGroup& group, const ChildRequest& request, Outcome& outcome);
  Result<void> measure_client(ChildGroup& group, const ChildRequest& server, const Program& program,
                              Outcome& outcome);
  Result<bool> await_ready(ChildGroup& group, Child& server, const Program& program,
                           Outcome& outcome);
  void judge(const Point& point, Outcome& outcome);
  void read_result(Outcome& outcome);
  [[nodiscard]] ChildRequest request_for(const Point& point) const;
  [[nodiscard]] ChildRequest shell_request(const Program& program, const std::string& command,
                                           const std::string& name) const;
  [[nodiscard]] std::string filled(std::string text) const;
  [[nodiscard]] std::string keep_outputs(const Point& point, unsigned repetition) const;
  [[nodiscard]] std::string file(const char* name) const { return folder_ / name; }

  const Spec& spec_;
  std::string dime_;
  std::filesystem::path folder_;
  const Watcher& watcher_;
  const Interrupt& interrupt_;
  nlohmann::ordered_json machine_;
  nlohmann::ordered_json spec_json_;
};

}  // namespace dime::experiments
