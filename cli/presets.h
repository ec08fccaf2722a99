// SPDX-License-Identifier: GPL-2.0
// Published networks by name: what a page fetch takes, where the figure comes from, and what it is
// not.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/result.h"

namespace dime {

struct Preset {
  const char* name;
  /// One fetch of 4 KiB on an idle network, transfer included; 0 = it cannot be emulated.
  std::uint64_t fetch_ns;
  std::uint64_t bandwidth_bps;  ///< 0 = unlimited, or part of the fetch time
  const char* jitter;           ///< as core/jitter.h reads it, "" = not known
  bool one_way;                 ///< fetch_ns counts the latency twice
  const char* source;
  const char* note;  ///< how it was converted and what it is not; why, where it is refused

  [[nodiscard]] bool refused() const { return fetch_ns == 0; }
  /// What `--latency` has to be for the fetch time.
  [[nodiscard]] std::uint64_t latency_ns() const;
};

/// All, also those that are refused.
std::span<const Preset> presets();

/// The preset of this name. An error lists the known ones, or says why this one is refused.
Result<const Preset*> find_preset(const std::string& name);

}  // namespace dime
