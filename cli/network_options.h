// SPDX-License-Identifier: GPL-2.0
// The options that say how a network behaves beyond latency and bandwidth: jitter, fetch times by
// size, and a schedule. Files that they name are read, and refused with their line, before anything
// starts.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "dime/abi.h"

namespace dime {

/// Checked options; empty = not given.
struct NetworkRequest {
  std::optional<std::string> jitter;  ///< as core/jitter.h reads it
  std::optional<std::uint64_t> seed;
  std::optional<dime_fetch_times> fetch_times;
  std::optional<dime_schedule> schedule;  ///< its steps
  std::optional<std::uint64_t> outage_max_ns;

  /// The first option that was given, or null.
  [[nodiscard]] const char* first_option() const;
};

/// The raw text of the options, as CLI11 stores it.
class NetworkOptions {
 public:
  /// Adds the options to `app` in `group`; this object must outlive the parsing.
  void add_to(CLI::App& app, const char* group);

  [[nodiscard]] Result<NetworkRequest> parse() const;

 private:
  std::optional<std::string> jitter_;
  std::optional<std::string> seed_;
  std::optional<std::string> fetch_times_;
  std::vector<std::pair<std::string, std::string>> steps_;
  std::optional<std::string> outage_max_;
};

/// Puts what was asked for into an instance. Its schedule starts now.
void set_network(dime_control& control, const NetworkRequest& request);

/// A step of the schedule whose stall is below `floor_ns` under `parameters`, or null.
const dime_step* step_below_floor(const dime_parameters& parameters, const NetworkRequest& request,
                                  std::uint64_t floor_ns);

}  // namespace dime
