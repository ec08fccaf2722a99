// SPDX-License-Identifier: GPL-2.0
#include "experiments/columns.h"

#include <fmt/format.h>

#include <algorithm>

namespace dime::experiments {

std::string aligned(const Rows& rows, std::size_t words_before) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], row[i].size());
    }
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const bool word = i < words_before || i + 1 == row.size();
      line += fmt::format(fmt::runtime(word ? "{:<{}}  " : "{:>{}}  "), row[i], widths[i]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  }
  return text;
}

}  // namespace dime::experiments
