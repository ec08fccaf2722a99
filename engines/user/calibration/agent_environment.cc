// SPDX-License-Identifier: GPL-2.0
#include "engines/user/calibration/agent_environment.h"

#include <unistd.h>

#include <string_view>

#include "engines/user/agent/entry.h"

namespace dime {

std::vector<std::string> environment_with_agent(const std::string& agent,
                                                const std::string& control_path, AgentNeed need) {
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
  words.push_back(std::string(kControl) +
                  (need == AgentNeed::kRequired ? std::string{DIME_ENV_REQUIRED} : std::string{}) +
                  control_path);
  return words;
}

}  // namespace dime
