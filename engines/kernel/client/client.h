// SPDX-License-Identifier: GPL-2.0
// The files of dime.ko: reading what it counts, and telling it what to do.
#pragma once

#include <cstdint>
#include <string>

#include "base/unique_fd.h"
#include "engines/kernel/client/rules.h"
#include "engines/kernel/client/stats.h"

namespace dime::kernel {

class Client {
 public:
  /// `proc` and `parameters` are the folders of the module's files.
  explicit Client(std::string proc = "/proc",
                  std::string parameters = "/sys/module/dime/parameters")
      : proc_(std::move(proc)), parameters_(std::move(parameters)) {}

  [[nodiscard]] bool is_loaded() const;

  /// Whether this user can configure the module. The error says what is missing, and what fixes it.
  [[nodiscard]] Result<void> check_usable() const;

  [[nodiscard]] Result<Stats> stats() const;

  /// The table of the manual.
  [[nodiscard]] Result<std::string> table() const;

  /// Hands one configuration string to the module, which applies it whole or not at all. The error
  /// is the module's own line; `refused` becomes what the string itself was refused for.
  [[nodiscard]] Result<void> configure(const std::string& text, Refused* refused = nullptr) const;

  /// The tiers and rules of the instance `id`.
  [[nodiscard]] Result<Rules> rules(std::uint32_t id) const;

  /// What the instance `id` has from now on, whole or not at all.
  [[nodiscard]] Result<void> place(std::uint32_t id, const Rules& rules) const;

  /// While it is held no other `dime` looks for a free id: between looking and creating.
  [[nodiscard]] Result<UniqueFd> lock() const;

  /// Notes the floor in the module, for the next `dime`.
  [[nodiscard]] Result<void> note_floor(std::uint64_t floor_ns) const;

 private:
  [[nodiscard]] std::string config_path() const { return proc_ + "/dime_config"; }
  [[nodiscard]] std::string rules_path() const { return proc_ + "/dime_rules"; }
  std::string proc_;
  std::string parameters_;
};

/// The members of the instance, out of the table.
std::vector<pid_t> pids_in(std::string_view table, std::uint32_t id);

/// The lowest id that no instance has.
std::uint32_t next_free_id(const Stats& stats);

}  // namespace dime::kernel
