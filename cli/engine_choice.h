// SPDX-License-Identifier: GPL-2.0
// Which engine: --engine, and what `auto` means.
//
// `auto` is the kernel engine where its module is loaded and may be configured, and the user engine
// elsewhere. An instance or a process that only one of them has decides for that one.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "cli/engine.h"

namespace dime {

/// For run and attach: by the options.
Result<std::unique_ptr<Engine>> choose_engine(const EmulationRequest& request);

/// For set: the one that has the instance that the request names, or any.
std::unique_ptr<Engine> engine_to_change(const EmulationRequest& request);

/// --engine for the commands that have no other of the shared options.
class EngineOption {
 public:
  /// This object must outlive the parsing.
  void add_to(CLI::App& app);

  /// All that are meant: for `auto` every engine that can be looked at, the preferred one first.
  [[nodiscard]] Result<std::vector<std::unique_ptr<Engine>>> all() const;

  /// For `auto` the preferred one.
  [[nodiscard]] Result<std::unique_ptr<Engine>> one() const;

  /// For `auto` the one that `wanted` says true of; the preferred one where none is.
  [[nodiscard]] Result<std::unique_ptr<Engine>> one_where(
      const std::function<bool(Engine&)>& wanted) const;

 private:
  std::string name_ = "auto";
};

/// Whether the engine has an instance of this id, or one that the process is a member of.
bool has_instance(Engine& engine, std::uint32_t id);
bool has_process(Engine& engine, pid_t pid);

}  // namespace dime
