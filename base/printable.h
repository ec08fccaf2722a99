// SPDX-License-Identifier: GPL-2.0
#pragma once

#include <string>
#include <string_view>

namespace dime {

/// `text` for one line of a terminal: control characters as \n or \x1b, and, where it is longer
/// than `most` bytes, its middle left out. Names and values come from users and other programs;
/// they must not move the cursor or fill the screen.
std::string printable(std::string_view text, std::size_t most = 1'200);

}  // namespace dime
