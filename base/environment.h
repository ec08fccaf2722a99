// SPDX-License-Identifier: GPL-2.0
// The environment of a program that is about to be started.
#pragma once

#include <string>
#include <vector>

namespace dime {

/// A copy of this process's environment.
std::vector<std::string> own_environment();

/// The value of a variable of this process; empty where it is not set.
std::string environment_value(const char* name);

/// Pointers for execve, closed by a null; valid as long as `words` is unchanged.
std::vector<char*> pointers_to(std::vector<std::string>& words);

}  // namespace dime
