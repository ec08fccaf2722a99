// SPDX-License-Identifier: GPL-2.0
#include "base/environment.h"

#include <unistd.h>

#include <cstdlib>

namespace dime {

std::vector<std::string> own_environment() {
  std::vector<std::string> words;
  for (char** word = environ; *word != nullptr; ++word) {
    words.emplace_back(*word);
  }
  return words;
}

std::string environment_value(const char* name) {
  const char* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
  return value == nullptr ? "" : value;
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
