// SPDX-License-Identifier: GPL-2.0
#pragma once

#include <string>

#include "base/result.h"

namespace dime {

/// A kernel setting by its dotted name ("vm.unprivileged_userfaultfd"). Error ENOENT: this kernel
/// has none of that name.
Result<long> read_sysctl(const std::string& name);

/// The text of a small file of /proc or /sys, without the final newline.
Result<std::string> read_small_file(const std::string& path);

}  // namespace dime
