// SPDX-License-Identifier: GPL-2.0
// The options that `dime run` and `dime attach` share: what is to be emulated.
//
//   auto options = std::make_shared<EmulationOptions>();
//   options->add_to(app);
//   ... after parsing:
//   DIME_TRY(EmulationRequest request, options->parse());      // checks every value, starts
//   nothing DIME_TRY(PreparedInstance instance, prepare_instance(request, owner));   //
//   instance_setup.h
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "cli/config_file.h"
#include "cli/network_options.h"
#include "cli/placement_options.h"
#include "dime/abi.h"

namespace dime {

/// Parameters by name, for what was given on the command line.
enum GivenParameter : std::uint32_t {
  kGivenLocal = 1u << 0,
  kGivenLatency = 1u << 1,
  kGivenBandwidth = 1u << 2,
  kGivenPolicy = 1u << 3,
  kGivenLink = 1u << 4,
  kGivenWait = 1u << 5,
  kGivenNoFollow = 1u << 6,
  kGivenOneWay = 1u << 7,
  kGivenChargeFirstTouch = 1u << 8,
  kGivenNoWriteback = 1u << 9,
  kGivenWritebackDepth = 1u << 10,
};

/// What every instance starts with where nothing else was asked for.
dime_parameters default_parameters();

/// The names of the known policies, for messages: "fifo, random".
std::string policy_names();

/// Checked options. `parameters` is complete: defaults stand where nothing was given.
struct EmulationRequest {
  dime_parameters parameters{};
  std::uint32_t given = 0;  ///< GivenParameter bits
  NetworkRequest network;
  std::string preset;                     ///< --preset where it gives the latency; for messages
  PlacementRequest placement;             ///< --tier and --place
  std::optional<std::uint32_t> instance;  ///< --instance; none = the lowest free id
  bool allow_floor = false;         ///< --allow-floor: DIME_ALLOW_FLOOR is set when it was needed
  bool keep = false;                ///< the instance stays without members until it is removed
  std::string engine = "auto";      ///< --engine, as it was given
  std::string fault_path = "auto";  ///< --fault-path
  bool only_thread_path = false;    ///< members are not started by dime
  std::string json;                 ///< --json; empty = none, "-" = standard output
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
  [[nodiscard]] Result<void> take_preset(EmulationRequest& request) const;

  NetworkOptions network_;
  std::optional<std::string> preset_;
  std::optional<std::string> writeback_depth_;
  [[nodiscard]] Result<EmulationRequest> parse_values() const;

  ConfigFile config_;
  bool changes_ = false;  ///< the options are those of dime set
  PlacementOptions placement_;
  std::optional<std::string> local_;
  std::optional<std::string> latency_;
  std::optional<std::string> bandwidth_;
  std::optional<std::string> policy_;
  std::optional<std::string> link_;
  std::optional<std::string> wait_;
  std::optional<std::string> instance_;
  std::string engine_ = "auto";
  std::string fault_path_ = "auto";
  std::string json_;
  bool no_follow_ = false;
  bool allow_floor_ = false;
  bool one_way_ = false;
  bool charge_first_touch_ = false;
  bool no_writeback_ = false;
};

}  // namespace dime
