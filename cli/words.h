// SPDX-License-Identifier: GPL-2.0
// Lists in options: words with commas between them.
#pragma once

#include <string>
#include <vector>

namespace dime {

/// The words of `text`, which may be empty; of an empty text, one empty word.
inline std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  std::size_t begin = 0;
  for (std::size_t comma = text.find(','); comma != std::string::npos;
       comma = text.find(',', begin)) {
    words.push_back(text.substr(begin, comma - begin));
    begin = comma + 1;
  }
  words.push_back(text.substr(begin));
  return words;
}

}  // namespace dime
