// SPDX-License-Identifier: GPL-2.0
// What the command line says of itself: for manual pages and the documentation's site, which are
// made from the description, and for the shells, which ask for completions at each press of a key.
// Both are words that no user types (`dime __describe`, `dime __complete`), and loops over the same
// CLI::App that parses the command line, so that a new subcommand or option is there by itself.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace dime {

inline constexpr const char* kDescribeWord = "__describe";
inline constexpr const char* kCompleteWord = "__complete";

/// Prints version, subcommands, options and the keys of configuration strings as one JSON object.
/// Returns the exit status.
int describe(const CLI::App& app);

/// Prints what may stand in place of the last of `words`, which are those behind `dime`. The first
/// line says what else may: `words` nothing, `files` names of files, `folders` those of folders.
/// Each further line is a word, a tab, and what it means. Says nothing on errors. Returns the exit
/// status.
int complete(const CLI::App& app, const std::vector<std::string>& words);

/// The words that an option or argument allows, where its help lists them ("auto, spin or sleep").
std::vector<std::string> listed_words(const CLI::Option& option);

}  // namespace dime
