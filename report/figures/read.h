// SPDX-License-Identifier: GPL-2.0
// Reads results for a report: files of `dime sweep`, `dime run --json` and `dime whatif --json`.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "report/figures/report_data.h"

namespace dime::figures {

/// Adds what the file at `path` has. A last line that was cut is left out, with a notice. Errors
/// are one line that names the file, and the line where there is one.
Result<void> read_file(const std::string& path, ReportData& data);

}  // namespace dime::figures
