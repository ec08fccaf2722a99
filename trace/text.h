// SPDX-License-Identifier: GPL-2.0
// Traces as text: one event a line, and the way back from lists of pages.
#pragma once

#include <iosfwd>
#include <string>

#include "base/result.h"
#include "core/units.h"
#include "trace/event.h"
#include "trace/meta.h"

namespace dime::trace {

/// `0.000123400 1234 1235 0x7f0012345 demand write`: seconds, process, thread, page, what, how.
std::string line_of(const Event& event, const Meta& meta);
/// The same as a JSON object.
std::string json_line_of(const Event& event, const Meta& meta);
/// The first line of the text form, a comment that names the columns.
const char* column_names();

/// Writes a trace of every page number in `from`, one a line, decimal or with 0x; blank lines and
/// what follows a '#' are skipped. A reference takes `step`. Errors name the line. Returns how many
/// references there were.
Result<std::uint64_t> convert(std::istream& from, const std::string& name, Nanos step,
                              const std::string& to);

}  // namespace dime::trace
