// SPDX-License-Identifier: GPL-2.0
// Runs put together: points with medians and intervals, and which of them make a line of a figure.
#pragma once

#include "base/result.h"
#include "report/figures/report_data.h"

namespace dime::figures {

enum class Machines {
  kOne,    ///< runs of several are an error
  kApart,  ///< each machine's runs are points and lines of their own
};

/// Fills `programs`, `points` and the programs of curves from what was read.
Result<void> build(ReportData& data, Machines machines);

}  // namespace dime::figures
