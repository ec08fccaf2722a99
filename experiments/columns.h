// SPDX-License-Identifier: GPL-2.0
// Rows of text in columns.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace dime::experiments {

using Rows = std::vector<std::vector<std::string>>;

/// Lines with a newline behind each. The first `words_before` columns and the last one hold words
/// and begin at their left; the others hold numbers and end at their right. REQUIRES: a row, and as
/// many cells in each.
std::string aligned(const Rows& rows, std::size_t words_before);

}  // namespace dime::experiments
