// SPDX-License-Identifier: GPL-2.0
// The file of results, which is all the state that a sweep has: one JSON line for each run, on the
// disk when the run has ended.
#pragma once

#include <sys/types.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "experiments/record.h"

namespace dime::experiments {

class ResultsFile {
 public:
  enum class Mode {
    kNew,     ///< an error where there are results already
    kResume,  ///< what is there is read; the file may be missing
    kRead,    ///< nothing is created or changed
  };

  /// Takes a lock that lasts as long as this object, but for kRead. A last line without an end was
  /// cut when the sweep was killed: it does not count, and the next run takes its place. Errors
  /// name the file and the line.
  static Result<ResultsFile> open(const std::string& path, Mode mode);

  [[nodiscard]] const std::vector<Record>& records() const { return records_; }
  /// The spec in the last line; null where there is none.
  [[nodiscard]] const nlohmann::ordered_json& spec() const { return spec_; }
  /// Whether there is a cut line.
  [[nodiscard]] bool was_cut() const { return was_cut_; }

  /// Writes the line and waits for the disk. On an error nothing of it is left in the file.
  Result<Record> append(const nlohmann::ordered_json& line);

 private:
  Result<void> read();
  [[nodiscard]] Result<void> check_cut(const std::string& text, std::size_t number) const;
  Result<void> take_line(const std::string& text, std::size_t number);

  std::string path_;
  UniqueFd file_;
  std::vector<Record> records_;
  nlohmann::ordered_json spec_;
  bool was_cut_ = false;
  off_t cut_from_ = -1;  ///< where a cut line begins that is still in the file; -1 = nowhere
};

}  // namespace dime::experiments
