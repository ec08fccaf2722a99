// SPDX-License-Identifier: GPL-2.0
// --config FILE: options from a TOML file.
//
//   local = "25%"                # any option by its long name; switches are true
//   latency = "10us"
//   [tier.far]                   # --tier 'far: latency=20us,bandwidth=10Gbit/s'
//   latency = "20us"
//   bandwidth = "10Gbit/s"
//   [[place]]                    # --place 'heap: far'
//   what = "heap"
//   tier = "far"
//
// What the command line says counts, whatever the file says. Nothing is checked here but that the
// options exist; their values are checked where those of the command line are.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace dime {

class ConfigFile {
 public:
  /// Adds --config to `app`, whose options the file may give; both outlive this object.
  void add_to(CLI::App& app, const char* group);

  /// Reads the file, if one was given, into the options that the command line left out. To be
  /// called once, after parsing. An error names the file and the line.
  Result<void> take();

  [[nodiscard]] const std::string& path() const { return path_; }  ///< empty = none was given

  /// `error` with the place in the file that gave the value it is about, if one did.
  [[nodiscard]] Error located(Error error) const;

 private:
  CLI::App* app_ = nullptr;
  std::string path_;
  std::vector<std::pair<std::string, std::string>> origins_;  ///< `--option value`, `FILE:LINE`
};

}  // namespace dime
