// SPDX-License-Identifier: GPL-2.0
#include "cli/network_options.h"

#include <sstream>

#include "base/file_text.h"
#include "base/text.h"
#include "core/fetch_times.h"
#include "core/link.h"
#include "core/schedule.h"

namespace dime {
namespace {

constexpr const char* kTable = "table:";

struct Line {
  unsigned number;
  std::vector<std::uint64_t> values;
};

// The numbers of a file, line by line; empty lines and what follows a '#' do not count. An error
// says line, word, and what is allowed.
Result<std::vector<Line>> read_table(const std::string& option, const std::string& path,
                                     std::size_t columns, const char* allowed) {
  constexpr std::size_t kMostBytes = 4 << 20;
  const auto content = read_text_file(path, kMostBytes);
  if (!content) {
    return fail(0, "{}: cannot be read: {}", option, content.error().message);
  }
  std::istringstream file(*content);
  std::vector<Line> lines;
  unsigned number = 0;
  for (std::string text; std::getline(file, text);) {
    Line line{++number, {}};
    std::istringstream words(text.substr(0, text.find('#')));
    for (std::string word; words >> word;) {
      std::uint64_t value = 0;
      if (!read_decimal(word, value)) {
        return fail(0, "{}: line {}: '{}' is not a number; allowed: {}", option, number, word,
                    allowed);
      }
      line.values.push_back(value);
    }
    if (!line.values.empty() && line.values.size() != columns) {
      return fail(0, "{}: line {}: {} numbers; allowed: {}", option, number, line.values.size(),
                  allowed);
    }
    for (std::size_t i = 0; i < line.values.size() && !lines.empty(); ++i) {
      if (line.values[i] < lines.back().values[i]) {
        return fail(0, "{}: line {}: {} is less than the {} before it; allowed: {}", option, number,
                    line.values[i], lines.back().values[i], allowed);
      }
    }
    if (!line.values.empty()) {
      lines.push_back(std::move(line));
    }
  }
  if (lines.empty()) {
    return fail(0, "{}: no numbers; allowed: {}", option, allowed);
  }
  return lines;
}

}  // namespace

// Numbers between colons are no path.
std::string table_path(const std::string& text) {
  const std::size_t comma = std::min(text.find(','), text.size());
  const std::string path = text.substr(0, comma).substr(std::min(comma, std::strlen(kTable)));
  const bool names =
      text.starts_with(kTable) && path.find_first_not_of("0123456789:") != std::string::npos;
  return names ? path : std::string();
}

Result<std::string> with_table(const std::string& text) {
  const std::string path = table_path(text);
  if (path.empty()) {
    return text;
  }
  const std::size_t comma = std::min(text.find(','), text.size());
  DIME_TRY(const std::vector<Line> lines,
           read_table("--jitter " + text.substr(0, comma), path, 1,
                      "one time in ns a line, ascending, two or more"));
  std::string numbers = kTable;
  for (const Line& line : lines) {
    numbers += numbers.size() > std::strlen(kTable) ? ":" : "";
    numbers += std::to_string(line.values[0]);
  }
  return numbers + text.substr(comma);
}

Result<dime_fetch_times> read_fetch_times(const std::string& path) {
  const std::string option = "--fetch-times " + path;
  DIME_TRY(const std::vector<Line> lines,
           read_table(option, path, 2, "a size in bytes and a time in ns a line, both ascending"));
  std::string pairs;
  for (const Line& line : lines) {
    pairs += fmt::format("{}{}:{}", pairs.empty() ? "" : ",", line.values[0], line.values[1]);
    const auto parsed = fetch_times::parse(pairs);
    if (!parsed.ok()) {
      return fail(0, "{}: line {}: {} {}: {}", option, line.number, line.values[0], line.values[1],
                  parsed.problem);
    }
  }
  return fetch_times::parse(pairs).value;
}

Result<void> read_steps(const std::vector<std::pair<std::string, std::string>>& steps,
                        dime_schedule& schedule) {
  for (const auto& [time, change] : steps) {
    const std::string step = time + ':' + change;
    if (const auto refused = schedule::append(step, schedule); refused.problem != nullptr) {
      return fail(0, "--at {} {}: {}: {}", time, change, string_of(refused.part), refused.problem);
    }
  }
  return {};
}

const dime_step* step_below_floor(const dime_parameters& parameters, const config::Plan& plan,
                                  std::uint64_t floor_ns) {
  dime_parameters changed = parameters;
  for (std::uint32_t i = 0; i < plan.schedule.count; ++i) {
    const dime_step& step = plan.schedule.steps[i];
    changed.latency_ns =
        (step.what & DIME_STEP_LATENCY) != 0 ? step.latency_ns : changed.latency_ns;
    changed.bandwidth_bps =
        (step.what & DIME_STEP_BANDWIDTH) != 0 ? step.bandwidth_bps : changed.bandwidth_bps;
    const bool changes = (step.what & (DIME_STEP_LATENCY | DIME_STEP_BANDWIDTH)) != 0;
    if (changes && link::unloaded_stall(changed, &plan.fetch_times).value < floor_ns) {
      return &step;
    }
  }
  return nullptr;
}

}  // namespace dime
