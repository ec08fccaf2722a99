// SPDX-License-Identifier: GPL-2.0
// The page of `dime report -o`: one file without anything outside of it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "base/result.h"

namespace dime::figures {

/// The page that report/web was built into, for a `dime` at `executable`:
/// ../share/dime/report.html. Its error says how to get it where it was not built.
Result<std::string> read_page(const std::string& executable);

/// The page with the data in it. Error: the page has no place for it.
Result<std::string> fill_page(std::string page, const nlohmann::ordered_json& data);

}  // namespace dime::figures
