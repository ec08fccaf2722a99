// SPDX-License-Identifier: GPL-2.0
#include "engines/user/control/environment.h"

#include <unistd.h>

#include <string_view>

#include "engines/user/agent/entry.h"

namespace dime {

std::vector<std::string> environment_with_agent(const std::string& agent,
                                                const std::string& control_path) {
  constexpr std::string_view kPreload = "LD_PRELOAD=";
  constexpr std::string_view kControl = DIME_ENV_CONTROL "=";
  std::vector<std::string> words;
  std::string preload = std::string(kPreload) + agent;
  for (char** word = environ; *word != nullptr; ++word) {
    const std::string_view text = *word;
    if (text.starts_with(kPreload)) {
      const std::string_view others = text.substr(kPreload.size());
      preload += others.empty() ? "" : ":";
      preload += others;
    } else if (!text.starts_with(kControl)) {
      words.emplace_back(text);
    }
  }
  words.push_back(preload);
  words.push_back(std::string(kControl) + control_path);
  return words;
}

std::vector<std::string> own_environment() {
  std::vector<std::string> words;
  for (char** word = environ; *word != nullptr; ++word) {
    words.emplace_back(*word);
  }
  return words;
}

std::vector<char*> pointers_to(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (std::string& word : words) {
    pointers.push_back(word.data());
  }
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace dime
