// SPDX-License-Identifier: GPL-2.0
// Time limits for what other processes have to do meanwhile.
#pragma once

#include <chrono>

namespace dime {

/// A time limit that is long enough on a fast and idle machine, for this one as it is: longer by
/// what slowness() says and by how many threads want each processor. Both are found once in a
/// process, for some 20 ms, by the first call.
std::chrono::milliseconds patience(std::chrono::milliseconds usual);

}  // namespace dime
