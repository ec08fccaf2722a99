// SPDX-License-Identifier: GPL-2.0
// /proc/dime_stats as data. The text is described in engines/kernel/stats.c; nothing here touches
// the machine.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "dime/abi.h"

namespace dime::kernel {

struct Policy {
  std::string name;
  std::string summary;
};

struct InstanceStats {
  /// As the user engine's block. Of the processes there are at most DIME_MAX_MEMBERS, the last to
  /// join; `link` in it is not used.
  std::shared_ptr<dime_control> control;
  dime_link link{};  ///< its own or the named one's figures
  bool keep = true;
  pid_t owner = 0;  ///< keeps it without members, if keep is false; 0 = none
};

/// What a configuration string was refused for.
struct Refused {
  std::string key;      ///< "" = none, or it was not refused
  unsigned reason = 0;  ///< config::Reason
};

struct Stats {
  std::string version;         ///< of the module
  std::uint64_t floor_ns = 0;  ///< 0 = not measured since the module was loaded
  std::string refusal;         ///< why the last configuration string was refused, or ""
  Refused refused;
  std::vector<Policy> policies;  ///< those that need no further module
  std::vector<InstanceStats> instances;
};

/// Unknown keys are skipped. An error says that the text is of another form, or which line is not
/// what it should be.
Result<Stats> parse_stats(std::string_view text);

/// The instance with this id, or null.
const InstanceStats* find_instance(const Stats& stats, std::uint32_t id);

}  // namespace dime::kernel
