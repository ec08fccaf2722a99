// SPDX-License-Identifier: GPL-2.0
// Where this user's files lie that can be made again at any time.
#pragma once

#include <string>

namespace dime {

/// $XDG_CACHE_HOME/dime or ~/.cache/dime, made if need be. Empty where that folder cannot be had,
/// or is not this user's alone to write. What is found there was written by this user, and is
/// still to be checked (base/own_file.h).
std::string cache_directory();

}  // namespace dime
