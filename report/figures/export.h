// SPDX-License-Identifier: GPL-2.0
// A report as data and text. Nothing here computes a figure: see points.h.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "report/figures/report_data.h"

namespace dime::figures {

inline constexpr int kReportSchema = 1;

/// What the page in report/web is made from.
nlohmann::ordered_json to_json(const ReportData& data, const std::string& version);

/// One line a point, with a header, as RFC 4180 has it but with \n.
std::string to_csv(const ReportData& data);

/// Curves and a table for a terminal of `columns` columns.
std::string to_text(const ReportData& data, std::size_t columns);

/// The slow-downs of a program as a drawing; "" where there are fewer than two points to draw.
std::string to_svg(const ReportData& data, const ProgramFigures& program);

}  // namespace dime::figures
