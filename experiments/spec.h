// SPDX-License-Identifier: GPL-2.0
// What a sweep is to run: the checked content of SPEC.toml. docs/reference.md describes the file.
//
//   DIME_TRY(Spec spec, read_spec("spec.toml", check));
//
// Nothing is started. An error names the file, the line, the key and what is allowed.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace dime::experiments {

/// A number that the program prints: the first group of the expression, in the last line that has
/// one.
struct Metric {
  std::string name;
  std::string expression;
};

struct Program {
  std::string name;
  std::vector<std::string> command;  ///< words; what was one text is for /bin/sh
  std::string folder;                ///< absolute, or with {scratch} in front
  std::map<std::string, std::string> environment;
  // Shell commands; empty = none.
  std::string setup;     ///< once before its first run
  std::string teardown;  ///< once after its last run
  std::string before;    ///< before each run, untimed
  std::string client;    ///< what is measured, with the command as its server
  std::string ready;     ///< ends with status 0 once the server can be used
  double ready_limit_s = 60;
  int exit_status = 0;  ///< a run with another one has failed
  std::vector<Metric> metrics;
  std::string check;  ///< "", "output", or the path of a file that every run must write alike
};

/// One option of `dime run` and the values it takes.
struct Axis {
  std::string option;                           ///< without dashes
  std::vector<std::string> labels;              ///< of the values, as they stand in results
  std::vector<std::vector<std::string>> words;  ///< what the command line has for each
  unsigned line = 0;
};

/// Whether a native run may have transparent huge pages. Emulation works on pages of 4 KiB, so
/// slow-downs are against runs without.
enum class Native { kHugePages, kSmallPages };
const char* name_of(Native native);

struct RunRules {
  unsigned repetitions = 5;         ///< of each point, without a precision
  std::optional<double> precision;  ///< a share of the median run time
  unsigned minimum = 6;             ///< with a precision
  unsigned maximum = 30;
  unsigned warm_up = 0;  ///< native runs of each program that are not recorded
  double limit_s = 600;  ///< of each run
  std::vector<Native> native = {Native::kSmallPages, Native::kHugePages};
  bool shuffled = true;
  std::uint64_t seed = 1;

  /// The most runs that a point can get.
  [[nodiscard]] unsigned most() const { return precision ? maximum : repetitions; }
};

struct SlurmRules {
  unsigned points_per_task = 4;
  unsigned concurrent = 50;          ///< tasks that run at once
  std::vector<std::string> options;  ///< for sbatch, as in --partition=short
};

struct Spec {
  std::vector<Program> programs;
  std::vector<Axis> grid;
  RunRules run;
  SlurmRules slurm;
};

/// Says whether `dime run` would take these options. An error begins with the option it is about.
using OptionCheck = std::function<Result<void>(const std::vector<std::string>& words)>;

Result<Spec> read_spec(const std::string& path, const OptionCheck& check);

/// The spec as it stands in each line of a result, to be compared when a sweep goes on. What does
/// not change results (how tasks are handed to Slurm) is left out.
nlohmann::ordered_json to_json(const Spec& spec);

/// Where the two differ first, as in "run.repetitions: 5, now 3"; empty where they are equal.
std::string difference(const nlohmann::ordered_json& before, const nlohmann::ordered_json& now);

}  // namespace dime::experiments
