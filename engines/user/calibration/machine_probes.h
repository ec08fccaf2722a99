// SPDX-License-Identifier: GPL-2.0
// What this machine allows this user to do, found out by trying it.
#pragma once

#include <string>
#include <vector>

#include "dime/abi.h"

namespace dime {

struct Finding {
  std::string name;
  bool available = false;
  bool required = false;  ///< `dime run` does not work without it
  std::string detail;     ///< what was found, or why it is missing
  std::string hint;       ///< the command that helps; empty = nothing to fix
};

/// Which faults the user's userfaultfds report: "full", "user-mode" (those that the program takes
/// itself, which is what the inline path needs), or "none".
const char* userfault_privileges();

/// The mechanisms that this kernel has, the best one first; none where there is no userfaultfd to
/// ask.
std::vector<dime_mechanism> available_mechanisms();

/// Tries each facility. Changes nothing; takes a few milliseconds.
std::vector<Finding> probe_machine();

}  // namespace dime
