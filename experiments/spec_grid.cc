// SPDX-License-Identifier: GPL-2.0
#include "experiments/spec_grid.h"

#include <algorithm>
#include <set>

#include "experiments/toml_table.h"

namespace dime::experiments {
namespace {

std::optional<std::string> word_of(const toml::node& node) {
  if (const auto* const text = node.as_string()) {
    return text->get();
  }
  if (const auto* const number = node.as_integer()) {
    return std::to_string(number->get());
  }
  return std::nullopt;
}

// Words that are given together, as ["10s", "down"], stand in a list of their own.
bool collect_words(const toml::node& node, std::vector<std::string>& words) {
  if (const toml::array* const list = node.as_array()) {
    return !list->empty() && std::all_of(list->begin(), list->end(), [&words](const auto& inner) {
      return collect_words(inner, words);
    });
  }
  const std::optional<std::string> word = word_of(node);
  words.push_back(word.value_or(""));
  return word.has_value();
}

bool add_value(const toml::node& node, Axis& axis) {
  const std::string option = "--" + axis.option;
  std::vector<std::string> words;
  if (const auto* const choice = node.as_boolean()) {
    axis.labels.emplace_back(choice->get() ? "true" : "false");
    axis.words.push_back(choice->get() ? std::vector{option} : words);
    return true;
  }
  if (!collect_words(node, words)) {
    return false;
  }
  axis.labels.push_back(fmt::format("{}", fmt::join(words, " ")));
  words.insert(words.begin(), option);
  axis.words.push_back(std::move(words));
  return true;
}

Result<Axis> read_axis(const std::string& path, const std::string& option, const toml::node& node) {
  Axis axis{option, {}, {}, node.source().begin.line};
  if (option == "json" || option == "instance" || option == "help") {
    return fail(0, "{}grid.{}: not in a sweep; allowed: the other options of dime run",
                place_of(path, node), option);
  }
  const toml::array* const list = node.as_array();
  if (list != nullptr && list->empty()) {
    return fail(0, "{}grid.{}: an empty list leaves no point; allowed: one value or more",
                place_of(path, node), option);
  }
  bool good = list != nullptr || add_value(node, axis);
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    good = good && add_value((*list)[i], axis);
  }
  if (!good) {
    return fail(0,
                "{}grid.{}: allowed: texts in quotes, whole numbers, true and false, or lists of "
                "words that are given together",
                place_of(path, node), option);
  }
  std::set<std::string> seen;
  for (const std::string& label : axis.labels) {
    if (!seen.insert(label).second) {
      return fail(0, "{}grid.{}: '{}' is there twice; allowed: each value once",
                  place_of(path, node), option, label);
    }
  }
  return axis;
}

}  // namespace

Result<std::vector<Axis>> read_grid(const std::string& path, const toml::table& root) {
  const toml::node* const node = root.get("grid");
  if (node == nullptr || !node->is_table() || node->as_table()->empty()) {
    return fail_with_hint(R"(grid.local = ["100%", "50%", "25%"])",
                          "{}{}; allowed: options of dime run, each with a list of values",
                          node == nullptr ? path + ": " : place_of(path, *node),
                          node == nullptr ? "[grid] is missing" : "grid is empty, or no table");
  }
  std::vector<Axis> grid;
  std::size_t points = 1;
  for (const auto& [key, value] : *node->as_table()) {
    DIME_TRY(Axis axis, read_axis(path, std::string(key.str()), value));
    points *= axis.labels.size();
    if (points > kMostPoints) {
      return fail(0, "{}[grid] has more than {} points", place_of(path, *node), kMostPoints);
    }
    grid.push_back(std::move(axis));
  }
  // As they stand in the file.
  std::stable_sort(grid.begin(), grid.end(),
                   [](const Axis& one, const Axis& other) { return one.line < other.line; });
  return grid;
}

}  // namespace dime::experiments
