// SPDX-License-Identifier: GPL-2.0
#include "report/figures/page.h"

#include <filesystem>

#include "base/file_text.h"

namespace dime::figures {
namespace {

constexpr const char* kFile = "share/dime/report.html";
constexpr std::string_view kPlace = "@DIME_REPORT_DATA@";
constexpr std::size_t kMostBytes = std::size_t{16} << 20;

}  // namespace

Result<std::string> read_page(const std::string& executable) {
  const std::filesystem::path prefix =
      std::filesystem::path(executable).parent_path().parent_path();
  const std::string path = prefix / kFile;
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    return fail_with_hint(
        "install nodejs and npm and build again with a network; --text, --csv and --svg need no "
        "page",
        "{} is missing: the page was not built with this dime", path);
  }
  auto text = read_text_file(path, kMostBytes);
  if (!text) {
    return fail(0, "{}: {}", path, text.error().message);
  }
  return std::move(*text);
}

Result<std::string> fill_page(std::string page, const nlohmann::ordered_json& data) {
  const std::size_t place = page.find(kPlace);
  if (place == std::string::npos) {
    return fail(0, "the page has no place for data; build it again");
  }
  const std::string json = data.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  std::string safe;
  safe.reserve(json.size());
  for (const char c : json) {
    // "</script>" in a name must not end the element that the data lies in.
    safe += c == '<' ? "\\u003c" : std::string(1, c);
  }
  page.replace(place, kPlace.size(), safe);
  return page;
}

}  // namespace dime::figures
