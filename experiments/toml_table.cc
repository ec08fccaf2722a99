// SPDX-License-Identifier: GPL-2.0
#include "experiments/toml_table.h"

#include <algorithm>
#include <charconv>
#include <sstream>

#include "base/file_text.h"

namespace dime::experiments {
namespace {

std::string value_text(const toml::node& node) {
  std::ostringstream text;
  node.visit([&text](const auto& value) { text << value; });
  std::string line = text.str();
  std::replace(line.begin(), line.end(), '\n', ' ');
  return line;
}

// The number in front of the unit, and the unit.
std::optional<std::pair<double, std::string>> number_and_unit(const std::string& text) {
  double number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc{}) {
    return std::nullopt;
  }
  return std::pair(number, std::string(end, text.data() + text.size()));
}

}  // namespace

Result<toml::table> read_toml(const std::string& path) {
  constexpr std::size_t kMostBytes = 1 << 20;
  const auto text = read_text_file(path, kMostBytes);
  if (!text) {
    return fail(0, "{}: cannot be read: {}", path, text.error().message);
  }
  if (text->empty()) {
    return fail(0, "{}: is empty", path);
  }
  try {
    return toml::parse(*text, path);
  } catch (const toml::parse_error& problem) {
    return fail(0, "{}:{}: {}", path, problem.source().begin.line,
                std::string(problem.description()));
  }
}

std::string place_of(const std::string& path, const toml::node& node) {
  return fmt::format("{}:{}: ", path, node.source().begin.line);
}

tl::unexpected<Error> TomlTable::refuse(const std::string& key, const std::string& allowed) const {
  const toml::node* const node = find(key);
  if (node == nullptr) {
    return fail(0, "{}{}.{} is missing; allowed: {}", place_of(path_, table_), name_, key, allowed);
  }
  return fail(0, "{}{}.{} = {}: allowed: {}", place_of(path_, *node), name_, key, value_text(*node),
              allowed);
}

Result<void> TomlTable::allow(const std::vector<std::string>& keys) const {
  for (const auto& [key, node] : table_) {
    if (std::find(keys.begin(), keys.end(), key.str()) == keys.end()) {
      return fail(0, "{}unknown key '{}' in [{}]; allowed: {}", place_of(path_, node),
                  std::string(key.str()), name_, fmt::format("{}", fmt::join(keys, ", ")));
    }
  }
  return {};
}

Result<std::optional<std::string>> TomlTable::text(const std::string& key) const {
  const toml::node* const node = find(key);
  if (node == nullptr) {
    return std::optional<std::string>();
  }
  if (!node->is_string() || node->as_string()->get().empty()) {
    return refuse(key, "a text in quotes that is not empty");
  }
  return std::optional(node->as_string()->get());
}

Result<std::optional<std::uint64_t>> TomlTable::whole(const std::string& key, std::uint64_t least,
                                                      std::uint64_t most) const {
  const toml::node* const node = find(key);
  if (node == nullptr) {
    return std::optional<std::uint64_t>();
  }
  const auto* const number = node->as_integer();
  if (number == nullptr || number->get() < 0 || static_cast<std::uint64_t>(number->get()) < least ||
      static_cast<std::uint64_t>(number->get()) > most) {
    return refuse(key, fmt::format("a whole number from {} to {}", least, most));
  }
  return std::optional(static_cast<std::uint64_t>(number->get()));
}

Result<std::optional<double>> TomlTable::duration(const std::string& key) const {
  const toml::node* const node = find(key);
  if (node == nullptr) {
    return std::optional<double>();
  }
  constexpr std::pair<const char*, double> kUnits[] = {
      {"ms", 1e-3}, {"s", 1}, {"min", 60}, {"h", 3600}};
  double seconds = 0;
  if (const auto number = node->value<double>()) {
    seconds = *number;
  } else if (const auto parts = number_and_unit(node->value_or(std::string()))) {
    for (const auto& [unit, factor] : kUnits) {
      seconds = parts->second == unit ? parts->first * factor : seconds;
    }
  }
  constexpr double kMost = 366 * 24 * 3600.0;
  if (!(seconds > 0 && seconds <= kMost)) {
    return refuse(key, "a time above 0 with a unit, as in \"30s\", \"5min\" or \"2h\"");
  }
  return std::optional(seconds);
}

Result<std::optional<double>> TomlTable::percent(const std::string& key) const {
  const toml::node* const node = find(key);
  if (node == nullptr) {
    return std::optional<double>();
  }
  const auto parts = number_and_unit(node->value_or(std::string()));
  if (!parts || parts->second != "%" || !(parts->first > 0 && parts->first <= 100)) {
    return refuse(key, "a percentage above 0 and up to 100, as in \"2%\"");
  }
  return std::optional(parts->first / 100);
}

Result<std::vector<std::string>> TomlTable::texts(const std::string& key) const {
  const toml::node* const node = find(key);
  std::vector<std::string> words;
  if (node == nullptr) {
    return words;
  }
  if (const auto* const word = node->as_string()) {
    words.push_back(word->get());
    return words;
  }
  const toml::array* const list = node->as_array();
  if (list == nullptr) {
    return refuse(key, "a text in quotes, or a list of them");
  }
  for (const toml::node& entry : *list) {
    if (!entry.is_string()) {
      return refuse(key, "a text in quotes, or a list of them");
    }
    words.push_back(entry.as_string()->get());
  }
  return words;
}

}  // namespace dime::experiments
