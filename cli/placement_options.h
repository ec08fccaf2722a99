// SPDX-License-Identifier: GPL-2.0
// The options that make tiers and place memory: --tier and --place, as core/placement.h reads them.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "base/result.h"
#include "dime/abi.h"

namespace dime {

/// What was given, as text that was read once without an error.
struct PlacementRequest {
  std::vector<std::string> tiers;
  std::vector<std::string> rules;

  [[nodiscard]] bool empty() const { return tiers.empty() && rules.empty(); }
};

/// The raw text of the options, as CLI11 stores it.
class PlacementOptions {
 public:
  /// Adds the options to `app` in `group`; this object must outlive the parsing.
  void add_to(CLI::App& app, const char* group);

  [[nodiscard]] PlacementRequest request() const { return request_; }

 private:
  PlacementRequest request_;
};

/// `present` with the request's tiers added or changed. Its rules, where there are any, stand for
/// all that were there. An error names the option and the part of its value that is not allowed.
Result<dime_placement> changed(const dime_placement& present, const PlacementRequest& request);

/// The same with nothing present.
Result<dime_placement> new_placement(const PlacementRequest& request);

/// Names a tier whose stall is below the floor; null where there is none.
const dime_tier* tier_below_floor(const dime_placement& placement,
                                  const dime_parameters& parameters, std::uint64_t floor_ns);

}  // namespace dime
