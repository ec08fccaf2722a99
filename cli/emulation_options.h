// SPDX-License-Identifier: GPL-2.0
// The options that `dime run` and `dime attach` share: what is to be emulated. Most of them are
// rows of core/parameters.h.
//
//   auto options = std::make_shared<EmulationOptions>();
//   options->add_to(app);
//   ... after parsing:
//   DIME_TRY(EmulationRequest request, options->parse());  // checks every value, starts nothing
//
#pragma once

#include <CLI/CLI.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "cli/config_file.h"
#include "cli/network_options.h"
#include "cli/output.h"
#include "cli/placement_options.h"
#include "core/config_string.h"

namespace dime {

/// Checked options.
struct EmulationRequest {
  config::Plan plan;                          ///< without an instance_id: the lowest free one
  std::shared_ptr<const std::string> jitter;  ///< the text that plan.jitter points into
  std::string preset;                         ///< --preset where it gives the latency; for messages
  PlacementRequest placement;                 ///< --tier and --place
  std::string own_policy;      ///< the shared object that the plan's policy is in; empty = built in
  std::string own_prefetcher;  ///< the same of the plan's prefetcher
  bool allow_floor = false;    ///< --allow-floor: the plan says below_floor where it is needed
  std::string engine = "auto";           ///< --engine, as it was given
  std::string fault_path = "auto";       ///< --fault-path
  std::string mechanism = "auto";        ///< --mechanism; not checked
  bool only_thread_path = false;         ///< members are not started by dime
  std::string json;                      ///< --json; empty = none, "-" = standard output
  std::chrono::milliseconds interval{};  ///< --interval, of samples
  std::vector<NamedFile> inputs;         ///< the files that the options name

  /// --instance
  [[nodiscard]] std::optional<std::uint32_t> instance() const {
    return plan.has(config::Key::kInstanceId) ? std::optional(plan.instance_id) : std::nullopt;
  }
};

/// The raw text of the options, as CLI11 stores it.
class EmulationOptions {
 public:
  /// Adds the options to `app`; this object must outlive the parsing.
  void add_to(CLI::App& app);

  /// Adds those that can be changed while an instance runs.
  void add_changes_to(CLI::App& app);

  /// Reads the file of --config, and checks every value. An error names the option, the value and
  /// what is allowed, and where in the file it is. To be called once.
  [[nodiscard]] Result<EmulationRequest> parse();

  /// An error about a value, with its place in the file of --config.
  [[nodiscard]] Error located(Error error) const { return config_.located(std::move(error)); }

 private:
  [[nodiscard]] Result<EmulationRequest> parse_values() const;

  std::optional<std::string> values_[config::kKeys];  ///< by key
  bool switches_[config::kKeys] = {};
  std::vector<std::pair<std::string, std::string>> steps_;  ///< --at
  std::optional<std::string> preset_;
  ConfigFile config_;
  bool changes_ = false;  ///< the options are those of dime set
  PlacementOptions placement_;
  std::string engine_ = "auto";
  std::string fault_path_ = "auto";
  std::string mechanism_ = "auto";
  std::string json_;
  std::string interval_ = "100ms";
  bool allow_floor_ = false;
};

}  // namespace dime
