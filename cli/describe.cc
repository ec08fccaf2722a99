// SPDX-License-Identifier: GPL-2.0
#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <regex>

#include "cli/command.h"
#include "cli/introspection.h"
#include "cli/version.h"
#include "core/parameters.h"

namespace dime {
namespace {

using Json = nlohmann::ordered_json;

Json names_of(const CLI::Option& option) {
  Json names = Json::array();
  for (const std::string& name : option.get_snames()) {
    names.push_back("-" + name);
  }
  for (const std::string& name : option.get_lnames()) {
    names.push_back("--" + name);
  }
  return names;
}

// A hidden option has no group.
Json options_of(const CLI::App& app) {
  Json options = Json::array();
  for (const CLI::Option* const option : app.get_options()) {
    if (option->get_group().empty()) {
      continue;
    }
    const bool takes_value = option->get_items_expected_max() > 0;
    options.push_back({{"names", names_of(*option)},
                       {"argument", option->get_positional() ? option->get_name(true) : ""},
                       {"required", option->get_required()},
                       {"value", takes_value ? option->get_type_name() : ""},
                       {"words", listed_words(*option)},
                       {"group", option->get_group()},
                       {"help", option->get_description()}});
  }
  return options;
}

Json keys() {
  Json all = Json::array();
  for (const config::Parameter& row : config::kParameters) {
    all.push_back({{"name", row.name},
                   {"option", row.option == nullptr ? Json() : Json(row.option)},
                   {"allowed", row.allowed}});
  }
  return all;
}

}  // namespace

std::vector<std::string> listed_words(const CLI::Option& option) {
  static const std::regex kList(R"((?:^|: )((?:[a-z-]+, )*[a-z-]+ or [a-z-]+)(?: \([a-z]+\))?$)");
  static const std::regex kWord("[a-z-]+");
  const std::string& help = option.get_description();
  std::smatch found;
  std::vector<std::string> words;
  if (!std::regex_search(help, found, kList)) {
    return words;
  }
  const std::string list = found[1];
  for (auto word = std::sregex_iterator(list.begin(), list.end(), kWord);
       word != std::sregex_iterator(); ++word) {
    if (word->str() != "or") {
      words.push_back(word->str());
    }
  }
  return words;
}

int describe(const CLI::App& app) {
  Json commands = Json::array();
  for (const CLI::App* const sub : app.get_subcommands(nullptr)) {
    commands.push_back({{"name", sub->get_name()},
                        {"summary", sub->get_description()},
                        {"options", options_of(*sub)}});
  }
  const Json document = {{"version", kVersion},
                         {"summary", app.get_description()},
                         {"options", options_of(app)},
                         {"commands", std::move(commands)},
                         {"keys", keys()}};
  fmt::print("{}\n", document.dump(2, ' ', false, Json::error_handler_t::replace));
  return kSuccess;
}

}  // namespace dime
