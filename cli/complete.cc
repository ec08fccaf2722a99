// SPDX-License-Identifier: GPL-2.0
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>

#include "base/printable.h"
#include "base/process.h"
#include "cli/command.h"
#include "cli/engine.h"
#include "cli/engine_choice.h"
#include "cli/introspection.h"
#include "cli/presets.h"
#include "control/members.h"
#include "core/parameters.h"
#include "policies/registry.h"

namespace dime {
namespace {

struct Candidate {
  std::string word;
  std::string meaning;
};
using Candidates = std::vector<Candidate>;

// Of every engine that can be looked at.
std::vector<InstanceView> all_instances() {
  std::vector<InstanceView> found;
  const auto engines = EngineOption().all();
  if (!engines) {
    return found;
  }
  for (const std::unique_ptr<Engine>& engine : *engines) {
    if (auto instances = engine->instances()) {
      std::move(instances->begin(), instances->end(), std::back_inserter(found));
    }
  }
  return found;
}

Candidates instances() {
  Candidates all;
  for (const InstanceView& view : all_instances()) {
    std::string members;
    for (const dime_member* const member : live_members(*view.control)) {
      members += fmt::format(" {} ({})", member->pid, printable(member->comm));
    }
    all.push_back({fmt::format("{}", view.control->instance_id),
                   fmt::format("members:{}", members.empty() ? " none" : members)});
  }
  return all;
}

Candidates links() {
  Candidates all;
  for (const InstanceView& view : all_instances()) {
    if (view.parameters.link[0] != '\0') {
      all.push_back(
          {view.parameters.link, fmt::format("of instance {}", view.control->instance_id)});
    }
  }
  return all;
}

Candidates members() {
  Candidates all;
  for (const InstanceView& view : all_instances()) {
    for (const dime_member* const member : live_members(*view.control)) {
      all.push_back({fmt::format("{}", member->pid), std::string(printable(member->comm))});
    }
  }
  return all;
}

// Those of this user, or all where the user is root.
Candidates processes() {
  Candidates all;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
    const std::string name = entry.path().filename();
    pid_t pid = 0;
    const auto read = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (read.ptr != name.data() + name.size() || pid == ::getpid()) {
      continue;
    }
    const auto owner = process_owner(pid);
    const auto comm = command_name(pid);
    if (owner && comm && (*owner == ::geteuid() || ::geteuid() == 0)) {
      all.push_back({name, printable(*comm)});
    }
  }
  return all;
}

template <std::size_t kCount>
Candidates policies_of(const dime_policy_ops* const (&list)[kCount]) {
  Candidates all;
  for (const dime_policy_ops* const policy : list) {
    all.push_back({policy->name, policy->summary});
  }
  return all;
}

// Behind `s3-fifo,`: what may be given of it.
Candidates policy_parameters(const std::string& policy) {
  Candidates all;
  if (const dime_policy_ops* const found = policies::find_simulated(policy)) {
    for (std::uint32_t i = 0; i < found->parameter_count; ++i) {
      all.push_back({fmt::format("{}=", found->parameters[i].name), found->parameters[i].summary});
    }
  }
  return all;
}

// Each candidate behind what stands before the last comma of `current`.
Candidates behind_comma(Candidates all, const std::string& current) {
  const std::size_t comma = current.rfind(',');
  if (comma != std::string::npos) {
    for (Candidate& one : all) {
      one.word.insert(0, current, 0, comma + 1);
    }
  }
  return all;
}

Candidates policies_for(const std::string& command, const std::string& current) {
  if (command == "whatif") {
    Candidates all = policies_of(policies::kSimulated);
    all.push_back({"all", "every policy"});
    return behind_comma(std::move(all), current);
  }
  const std::size_t comma = current.find(',');
  return comma == std::string::npos
             ? policies_of(policies::kSimulated)
             : behind_comma(policy_parameters(current.substr(0, comma)), current);
}

Candidates usable_presets() {
  Candidates all;
  for (const Preset& preset : presets()) {
    if (!preset.refused()) {
      all.push_back({preset.name, preset.note});
    }
  }
  return all;
}

struct Answer {
  const char* besides = "words";
  Candidates candidates;
};

const char* files_for(const std::string& type) {
  if (type == "DIR") {
    return "folders";
  }
  const bool is_file = type == "FILE" || type == "TRACE" || type == "SPEC";
  return is_file ? "files" : "words";
}

// What may stand for an option or a key of configuration strings of this name; nothing where any
// text may.
std::optional<Candidates> known_values(const std::string& name, const std::string& command,
                                       const std::string& current) {
  if (name == "policy") {
    return policies_for(command, current);
  }
  if (name == "preset") {
    return usable_presets();
  }
  if (name == "instance" || name == "instance_id") {
    return instances();
  }
  if (name == "link") {
    return links();
  }
  if (name == "pid") {
    const bool any = command == "attach" || command == "config";
    return behind_comma(any ? processes() : members(), current);
  }
  return std::nullopt;
}

// Each candidate behind `current` up to its '='.
Candidates behind_equals(Candidates all, const std::string& current) {
  for (Candidate& one : all) {
    one.word.insert(0, current, 0, current.find('=') + 1);
  }
  return all;
}

// Words of a configuration string: a key, or the value of one.
Answer key_and_value(const std::string& command, const std::string& current) {
  Answer answer;
  const std::size_t equals = current.find('=');
  if (equals == std::string::npos) {
    for (const config::Parameter& row : config::kParameters) {
      answer.candidates.push_back({fmt::format("{}=", row.name), row.allowed});
    }
  } else if (auto known =
                 known_values(current.substr(0, equals), command, current.substr(equals + 1))) {
    answer.candidates = behind_equals(std::move(*known), current);
  }
  return answer;
}

Answer values_of(const CLI::Option& option, const std::string& command,
                 const std::string& current) {
  Answer answer;
  for (std::string& word : listed_words(option)) {
    answer.candidates.push_back({std::move(word), ""});
  }
  if (!answer.candidates.empty()) {
    return answer;
  }
  if (command == "config" && option.get_positional()) {
    return key_and_value(command, current);
  }
  const auto& names = option.get_lnames();
  if (auto known = known_values(names.empty() ? "" : names.front(), command, current)) {
    answer.candidates = std::move(*known);
  } else {
    const bool names_file = option.get_positional() && option.get_type_name() == "TEXT";
    answer.besides = names_file ? "files" : files_for(option.get_type_name());
  }
  return answer;
}

const CLI::Option* find_option(const CLI::App& app, const std::string& word) {
  return word.starts_with("-") ? app.get_option_no_throw(word) : nullptr;
}

std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

void add_options(const CLI::App& app, Candidates& all) {
  for (const CLI::Option* const option : app.get_options()) {
    if (option->get_group().empty() || !option->nonpositional()) {
      continue;
    }
    for (const std::string& name : option->get_lnames()) {
      all.push_back({"--" + name, first_line(option->get_description())});
    }
    for (const std::string& name : option->get_snames()) {
      all.push_back({"-" + name, first_line(option->get_description())});
    }
  }
}

// How many words the option still takes at `at`; the option itself is the last one seen.
struct Place {
  const CLI::Option* option = nullptr;
  int missing = 0;
  std::size_t arguments = 0;  ///< words so far that belong to no option
};

Place place_of(const CLI::App& sub, const std::vector<std::string>& words) {
  Place place;
  for (std::size_t i = 1; i + 1 < words.size(); ++i) {
    if (place.missing > 0) {
      --place.missing;
    } else if (const CLI::Option* const option = find_option(sub, words[i])) {
      place.option = option;
      place.missing = option->get_items_expected_max() == 0 ? 0 : option->get_items_expected_min();
    } else if (!words[i].starts_with("-")) {
      ++place.arguments;
    }
  }
  return place;
}

Answer argument_at(const CLI::App& sub, std::size_t position, const std::string& current) {
  std::size_t seen = 0;
  for (const CLI::Option* const option : sub.get_options()) {
    if (option->get_positional() && seen++ == position) {
      return values_of(*option, sub.get_name(), current);
    }
  }
  return {};
}

Answer for_command(const CLI::App& sub, const std::vector<std::string>& words) {
  const std::string& current = words.back();
  const Place place = place_of(sub, words);
  if (place.missing > 0) {
    return values_of(*place.option, sub.get_name(), current);
  }
  const std::size_t equals = current.find('=');
  if (current.starts_with("--") && equals != std::string::npos) {
    const CLI::Option* const option = find_option(sub, current.substr(0, equals));
    Answer answer = option == nullptr
                        ? Answer{}
                        : values_of(*option, sub.get_name(), current.substr(equals + 1));
    answer.candidates = behind_equals(std::move(answer.candidates), current);
    return answer;
  }
  if (current.starts_with("-")) {
    Answer answer;
    add_options(sub, answer.candidates);
    return answer;
  }
  return argument_at(sub, place.arguments, current);
}

Answer for_first_word(const CLI::App& app) {
  Answer answer;
  for (const CLI::App* const sub : app.get_subcommands(nullptr)) {
    answer.candidates.push_back({sub->get_name(), sub->get_description()});
  }
  add_options(app, answer.candidates);
  return answer;
}

}  // namespace

int complete(const CLI::App& app, const std::vector<std::string>& words) {
  const std::string current = words.empty() ? "" : words.back();
  Answer answer;
  if (words.size() <= 1) {
    answer = for_first_word(app);
  } else {
    const auto named =
        app.get_subcommands([&](const CLI::App* sub) { return sub->get_name() == words.front(); });
    answer = named.empty() ? Answer{} : for_command(*named.front(), words);
  }
  fmt::print("{}\n", answer.besides);
  for (const Candidate& one : answer.candidates) {
    if (one.word.starts_with(current)) {
      fmt::print("{}\t{}\n", one.word, one.meaning);
    }
  }
  return kSuccess;
}

}  // namespace dime
