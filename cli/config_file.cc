// SPDX-License-Identifier: GPL-2.0
#include "cli/config_file.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include "base/file_text.h"

namespace dime {
namespace {

struct Item {
  std::string option;  ///< without the dashes
  std::vector<std::string> values;
  unsigned line = 0;
};

unsigned line_of(const toml::node& node) {
  return node.source().begin.line;
}

// One value as the command line would have it.
Result<std::string> word_of(const std::string& path, const std::string& key,
                            const toml::node& node) {
  if (const auto* const text = node.as_string()) {
    return text->get();
  }
  if (const auto* const number = node.as_integer()) {
    return std::to_string(number->get());
  }
  if (const auto* const choice = node.as_boolean()) {
    return std::string(choice->get() ? "true" : "false");
  }
  return fail(0, "{}:{}: {}: allowed: a text in quotes, a whole number, true or false", path,
              line_of(node), key);
}

Result<Item> tier_item(const std::string& path, const std::string& name, const toml::node& node) {
  const toml::table* const terms = node.as_table();
  if (terms == nullptr) {
    return fail(0, "{}:{}: tier.{}: allowed: a table, as in [tier.{}]", path, line_of(node), name,
                name);
  }
  std::string text = name + ": ";
  for (const auto& [key, value] : *terms) {
    DIME_TRY(const std::string word, word_of(path, std::string(key.str()), value));
    text += fmt::format("{}{}={}", text.ends_with(' ') ? "" : ",", key.str(), word);
  }
  return Item{"tier", {text}, line_of(node)};
}

// { what = "heap", tier = "far" }, or "heap: far".
Result<Item> rule_item(const std::string& path, const toml::node& node) {
  if (const auto* const text = node.as_string()) {
    return Item{"place", {text->get()}, line_of(node)};
  }
  const toml::table* const rule = node.as_table();
  const auto part = [&](const char* key) {
    return rule == nullptr ? std::string() : (*rule)[key].value_or(std::string());
  };
  if (part("what").empty() || part("tier").empty() || rule->size() != 2) {
    return fail(0, "{}:{}: place: allowed: what = \"...\" and tier = \"...\"", path, line_of(node));
  }
  return Item{"place", {part("what") + ": " + part("tier")}, line_of(node)};
}

Result<Item> plain_item(const std::string& path, const std::string& key, const toml::node& node) {
  Item item{key, {}, line_of(node)};
  const toml::array* const list = node.as_array();
  if (list == nullptr) {
    DIME_TRY(const std::string word, word_of(path, key, node));
    item.values.push_back(word);
    return item;
  }
  for (const toml::node& entry : *list) {
    // Lists of lists are options with several words each, as --at.
    if (const toml::array* const words = entry.as_array()) {
      for (const toml::node& inner : *words) {
        DIME_TRY(const std::string word, word_of(path, key, inner));
        item.values.push_back(word);
      }
      continue;
    }
    DIME_TRY(const std::string word, word_of(path, key, entry));
    item.values.push_back(word);
  }
  return item;
}

Result<std::vector<Item>> items_of(const std::string& path, const toml::table& root) {
  std::vector<Item> items;
  for (const auto& [key, node] : root) {
    const std::string name(key.str());
    if (const toml::table* const tiers = node.as_table(); tiers != nullptr && name == "tier") {
      for (const auto& [tier, terms] : *tiers) {
        DIME_TRY(Item item, tier_item(path, std::string(tier.str()), terms));
        items.push_back(std::move(item));
      }
    } else if (const toml::array* const rules = node.as_array();
               rules != nullptr && name == "place") {
      for (const toml::node& rule : *rules) {
        DIME_TRY(Item item, rule_item(path, rule));
        items.push_back(std::move(item));
      }
    } else {
      DIME_TRY(Item item, plain_item(path, name, node));
      items.push_back(std::move(item));
    }
  }
  return items;
}

Result<toml::table> read(const std::string& path) {
  constexpr std::size_t kMostBytes = 1 << 20;
  const auto text = read_text_file(path, kMostBytes);
  if (!text) {
    return fail(0, "--config {}: cannot be read: {}", path, text.error().message);
  }
  try {
    return toml::parse(*text, path);
  } catch (const toml::parse_error& problem) {
    return fail(0, "{}:{}: {}", path, problem.source().begin.line,
                std::string(problem.description()));
  }
}

}  // namespace

void ConfigFile::add_to(CLI::App& app, const char* group) {
  app_ = &app;
  app.add_option("--config", path_, "a TOML file with any of these options, tiers and rules")
      ->type_name("FILE")
      ->group(group);
}

Result<void> ConfigFile::take() {
  if (path_.empty()) {
    return {};
  }
  DIME_TRY(const toml::table root, read(path_));
  DIME_TRY(const std::vector<Item> items, items_of(path_, root));
  std::vector<const CLI::Option*> taken;
  std::vector<CLI::Option*> filled;
  for (const Item& item : items) {
    CLI::Option* const option = app_->get_option_no_throw("--" + item.option);
    if (option == nullptr || item.option == "config" || item.option == "help") {
      return fail_with_hint("dime run --help lists the options", "{}:{}: unknown key '{}'", path_,
                            item.line, item.option);
    }
    const bool ours = std::find(filled.begin(), filled.end(), option) != filled.end();
    if (option->count() != 0 && !ours) {
      continue;  // the command line says otherwise
    }
    for (const std::string& value : item.values) {
      origins_.emplace_back(fmt::format("--{} {}", item.option, value),
                            fmt::format("{}:{}", path_, item.line));
      option->add_result(value);
    }
    if (!ours) {
      filled.push_back(option);
    }
  }
  for (CLI::Option* const option : filled) {
    try {
      option->run_callback();
    } catch (const CLI::Error& problem) {
      return fail(0, "{}: {}", path_, problem.what());
    }
  }
  return {};
}

Error ConfigFile::located(Error error) const {
  for (const auto& [text, place] : origins_) {
    std::string quoted = text;
    quoted.insert(quoted.find(' ') + 1, 1, '\'');
    if (error.message.starts_with(text) || error.message.starts_with(quoted)) {
      error.message = fmt::format("{}: {}", place, error.message);
      break;
    }
  }
  return error;
}

}  // namespace dime
