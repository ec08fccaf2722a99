// SPDX-License-Identifier: GPL-2.0
// The environment of a program that is about to be started.
#pragma once

#include <string>
#include <vector>

namespace dime {

/// A copy of this process's environment.
std::vector<std::string> own_environment();

/// Pointers for execve, closed by a null; valid as long as `words` is unchanged.
std::vector<char*> pointers_to(std::vector<std::string>& words);

}  // namespace dime
