// SPDX-License-Identifier: GPL-2.0
#include "experiments/metrics.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <optional>
#include <regex>
#include <vector>

namespace dime::experiments {
namespace {

// The matcher of the C++ library recurses for each character of a line.
constexpr std::size_t kMostLineBytes = 8'192;

std::optional<std::string> last_match(const std::regex& expression, const std::string& path) {
  std::ifstream file(path);
  std::optional<std::string> found;
  for (std::string line; std::getline(file, line);) {
    std::smatch groups;
    line.resize(std::min(line.size(), kMostLineBytes));
    if (std::regex_search(line, groups, expression)) {
      found = groups[1].str();
    }
  }
  return found;
}

// The last lines of a file that are not empty.
std::string last_lines(const std::string& path, unsigned count) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty()) {
      lines.push_back(line.substr(0, 300));
    }
    if (lines.size() > count) {
      lines.erase(lines.begin());
    }
  }
  return fmt::format("{}", fmt::join(lines, " / "));
}

// The line in which dime says why it could not emulate, or the last ones that were printed.
std::string reason_in(const std::string& path) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("dime: error: ")) {
      return line.substr(std::strlen("dime: error: "));
    }
  }
  return last_lines(path, 2);
}

}  // namespace

Result<std::map<std::string, double>> read_metrics(const Program& program, const std::string& out,
                                                   const std::string& err) {
  std::map<std::string, double> values;
  for (const Metric& metric : program.metrics) {
    const std::regex expression(metric.expression);
    std::optional<std::string> text = last_match(expression, out);
    if (!text) {
      text = last_match(expression, err);
    }
    if (!text) {
      return fail(0, "metric '{}' matches nothing", metric.name);
    }
    double value = 0;
    const auto [end, problem] = std::from_chars(text->data(), text->data() + text->size(), value);
    if (problem != std::errc{} || end != text->data() + text->size()) {
      return fail(0, "metric '{}': '{}' is not a number", metric.name, *text);
    }
    values[metric.name] = value;
  }
  return values;
}

Result<FileSum> sum_of(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return fail(errno, "reading {}", path);
  }
  constexpr std::uint64_t kPrime = 0x100000001B3u;
  FileSum sum{0, 0xCBF29CE484222325u};
  std::vector<char> block(1u << 16u);
  while (file.read(block.data(), static_cast<std::streamsize>(block.size())) || file.gcount() > 0) {
    const auto count = static_cast<std::size_t>(file.gcount());
    for (std::size_t i = 0; i < count; ++i) {
      sum.hash = (sum.hash ^ static_cast<unsigned char>(block[i])) * kPrime;
    }
    sum.bytes += count;
  }
  return sum;
}

std::string with_reason(const std::string& problem, const std::string& path) {
  const std::string reason = reason_in(path);
  return reason.empty() ? problem : fmt::format("{}: {}", problem, reason);
}

}  // namespace dime::experiments
