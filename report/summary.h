// SPDX-License-Identifier: GPL-2.0
// Results as text for people.
#pragma once

#include <string>
#include <vector>

#include "report/run_result.h"

namespace dime {

/// The lines that `dime run` prints at the end, each closed by a newline.
std::string summarize(const RunResult& result);

/// The counts of faults, as there and in `dime status`.
std::string faults_text(const RunResult& result);

/// Why the numbers of a run say less than they seem to; one phrase each, none where all is well.
std::vector<std::string> weaknesses(const RunResult& result);

}  // namespace dime
