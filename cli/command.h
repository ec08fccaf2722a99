// SPDX-License-Identifier: GPL-2.0
// The subcommands of `dime`: one file each, listed in main.cc.
//
// A command adds its options to its own CLI::App and returns what is to be done once the command
// line was parsed. The action returns the exit status of `dime`; it prints its own errors
// (print_error).
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"

namespace dime {

/// Exit statuses of `dime`. kCannotEmulate is that of env and timeout for "not even started".
enum ExitStatus : int {
  kSuccess = 0,
  kFailure = 1,
  kUsage = 2,             ///< wrong usage, except in `dime run`
  kCannotEmulate = 125,   ///< `dime run`: wrong usage, or what was asked cannot be done here
  kNotExecutable = 126,   ///< `dime run`: the program exists but cannot be executed
  kUnknownProgram = 127,  ///< `dime run`: no such program
};

struct Command {
  const char* name;
  const char* summary;  ///< one line for `dime --help`
  /// Called once before parsing. The action runs after parsing if this command was chosen; what it
  /// refers to lives as long as it does.
  std::function<int()> (*register_with)(CLI::App& app);
  int usage_status = kUsage;  ///< exit status when the command line cannot be parsed
};

extern const Command kRunCommand;
extern const Command kAttachCommand;
extern const Command kDetachCommand;
extern const Command kConfigCommand;
extern const Command kSetCommand;
extern const Command kStatusCommand;
extern const Command kTopCommand;
extern const Command kPoliciesCommand;
extern const Command kPrefetchersCommand;
extern const Command kPresetsCommand;
extern const Command kDoctorCommand;
extern const Command kModuleCommand;
extern const Command kCalibrateCommand;
extern const Command kRecordCommand;
extern const Command kTraceCommand;
extern const Command kWhatifCommand;
extern const Command kSweepCommand;

/// The words behind the first "--" of the command line, which CLI11 does not see; null without a
/// "--". Set before the commands are registered.
const std::vector<std::string>* words_behind_dashes();

/// Prints `dime: error: MESSAGE` and, where there is one, a line with the hint, on standard error.
void print_error(const Error& error);

/// Prints `dime: TEXT` on standard error.
void print_notice(const std::string& text);

}  // namespace dime
