// SPDX-License-Identifier: GPL-2.0
// dime: parses the command line, hands over to one command, returns its exit status.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "base/printable.h"
#include "cli/command.h"
#include "cli/introspection.h"
#include "cli/output.h"
#include "cli/report.h"
#include "cli/version.h"

namespace {

using dime::Command;

constexpr const Command* kCommands[] = {
    &dime::kRunCommand,     &dime::kAttachCommand,   &dime::kDetachCommand,
    &dime::kConfigCommand,  &dime::kSetCommand,      &dime::kStatusCommand,
    &dime::kTopCommand,     &dime::kPoliciesCommand, &dime::kPrefetchersCommand,
    &dime::kPresetsCommand, &dime::kDoctorCommand,   &dime::kCalibrateCommand,
    &dime::kRecordCommand,  &dime::kTraceCommand,    &dime::kWhatifCommand,
    &dime::kSweepCommand,   &dime::kReportCommand,   &dime::kModuleCommand};

std::optional<std::vector<std::string>> behind_dashes;

// CLI11 takes "--" for the end of the subcommand, so it gets only what is before. Returns how many
// words that is.
int cut_at_dashes(int count, char** words) {
  char** const end = words + count;
  char** const dashes =
      std::find_if(words, end, [](const char* word) { return std::string_view(word) == "--"; });
  if (dashes != end) {
    behind_dashes.emplace(dashes + 1, end);
  }
  return static_cast<int>(dashes - words);
}

struct Registered {
  const Command* command;
  CLI::App* app;
  std::function<int()> action;
};

// Help and version are exceptions in CLI11, as is every mistake.
int finish_parsing(const CLI::ParseError& problem, CLI::App& app,
                   const std::vector<Registered>& commands) {
  if (problem.get_exit_code() == 0) {
    return app.exit(problem);
  }
  int status = dime::kUsage;
  std::string help = "dime --help";
  for (const Registered& registered : commands) {
    if (registered.app->parsed()) {
      status = registered.command->usage_status;
      help = fmt::format("dime {} --help", registered.command->name);
    }
  }
  dime::print_error({0, problem.what(), help});
  return status;
}

// CLI11 would only say that a subcommand is required.
bool names_unknown_command(int count, char** words) {
  return count > 1 && words[1][0] != '-' &&
         std::none_of(std::begin(kCommands), std::end(kCommands), [&](const Command* command) {
           return std::string_view(command->name) == words[1];
         });
}

// CLI11 takes the next word for an option's value, also where the value was forgotten, and any
// number for a switch that is on.
void refuse_odd_values(CLI::App& app) {
  for (CLI::Option* const option : app.get_options()) {
    const bool is_switch = option->get_items_expected_max() == 0;
    const bool is_help = option == app.get_help_ptr();
    if (is_switch && !is_help) {
      option->check([](const std::string& value) {
        return value == "true" || value == "false" || value == "1" || value == "0"
                   ? std::string()
                   : fmt::format("'{}' is not a value of a switch; allowed: true, false", value);
      });
    } else if (!is_switch && !option->get_positional()) {
      option->check([](const std::string& value) {
        return value.starts_with("--")
                   ? fmt::format("its value is missing: '{}' is an option", value)
                   : std::string();
      });
    }
  }
}

}  // namespace

namespace dime {

const std::vector<std::string>* words_behind_dashes() {
  return behind_dashes ? &*behind_dashes : nullptr;
}

void print_error(const Error& error) {
  print_quietly(fmt::format("dime: error: {}\n", printable(error.message)));
  if (!error.hint.empty()) {
    print_quietly(fmt::format("dime: try: {}\n", printable(error.hint)));
  }
}

void print_notice(const std::string& text) {
  print_quietly(fmt::format("dime: {}\n", printable(text)));
}

}  // namespace dime

int main(int count, char** words) {
  dime::fill_standard_descriptors();
  dime::outlive_file_size_limit();
  const std::string_view first = count > 1 ? words[1] : "";
  // There "--" is a word like others.
  if (first != dime::kCompleteWord) {
    count = cut_at_dashes(count, words);
  }
  CLI::App app("DiME emulates disaggregated memory for unmodified programs.", "dime");
  app.set_version_flag("--version", std::string("dime ") + dime::kVersion);
  app.require_subcommand(1);
  std::vector<Registered> commands;
  for (const Command* const command : kCommands) {
    CLI::App* const sub = app.add_subcommand(command->name, command->summary);
    commands.push_back({command, sub, command->register_with(*sub)});
    refuse_odd_values(*sub);
  }
  if (first == dime::kDescribeWord) {
    return dime::flushed(dime::describe(app));
  }
  if (first == dime::kCompleteWord) {
    return dime::flushed(dime::complete(app, {words + 2, words + count}));
  }
  if (names_unknown_command(count, words)) {
    dime::print_error({0, fmt::format("unknown command '{}'", words[1]), "dime --help"});
    return dime::kUsage;
  }
  try {
    app.parse(count, words);
    for (const Registered& registered : commands) {
      if (registered.app->parsed()) {
        return dime::flushed(registered.action());
      }
    }
  } catch (const CLI::ParseError& problem) {
    return finish_parsing(problem, app, commands);
  } catch (const std::exception& problem) {
    dime::print_error({0, problem.what(), {}});
  }
  return dime::kFailure;
}
