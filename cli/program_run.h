// SPDX-License-Identifier: GPL-2.0
// What `dime run` and `dime record` share: a program that is started as a member of an instance.
// Everything is checked before anything starts.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "cli/child.h"
#include "cli/emulation_options.h"
#include "cli/engine.h"
#include "cli/sampler.h"

namespace dime {

struct ProgramPlan {
  EmulationRequest request;
  std::vector<std::string> command;
  std::string program;  ///< path
  std::unique_ptr<Engine> engine;
};

/// The words of the program, behind the options of `app`, which is a command with prefix_command().
/// An error where there are none; `usage` is its hint.
Result<std::vector<std::string>> command_of(const CLI::App& app, const std::string& usage);

/// Whether `plan.command` can be started by an engine that can do what `plan.request` says; fills
/// in the rest of the plan. Error codes other than 0 are about the program.
Result<void> check_command(ProgramPlan& plan, const EmulationOptions& options);

/// Runs the program in the session, to its end, while `sampler` takes its samples.
Result<ChildResult> run_program(Session& session, const ProgramPlan& plan, Sampler& sampler);

/// The exit status of `dime` where a program could not be started.
int status_of(const Error& error);

/// Writes the result where the options want it, and its summary on standard error. Returns the exit
/// status of `dime`.
int report_program(const ChildResult& child, const ProgramPlan& plan, Session& session,
                   Sampler& sampler);

/// Prints the error and returns `status`.
int refuse(const Error& error, int status);

}  // namespace dime
