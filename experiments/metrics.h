// SPDX-License-Identifier: GPL-2.0
// What a program printed: numbers by regular expression, and whether two runs wrote the same.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/result.h"
#include "experiments/spec.h"

namespace dime::experiments {

/// Each metric of the program from its standard output, or where nothing matches there, from its
/// standard error. An error names the first metric that matches nothing or is not a number.
Result<std::map<std::string, double>> read_metrics(const Program& program, const std::string& out,
                                                   const std::string& err);

/// Length and FNV-1a hash of a file: runs whose files differ are told apart. No protection against
/// anybody who wants them to look alike.
struct FileSum {
  std::uint64_t bytes = 0;
  std::uint64_t hash = 0;
  friend bool operator==(const FileSum&, const FileSum&) = default;
};
Result<FileSum> sum_of(const std::string& path);

/// `problem` and, behind a colon, what a program's standard error says about it: the line in which
/// dime says why it could not emulate, or else the last two.
std::string with_reason(const std::string& problem, const std::string& err);

}  // namespace dime::experiments
