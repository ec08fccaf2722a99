// SPDX-License-Identifier: GPL-2.0
// A line is "START-END rwxp OFFSET MAJOR:MINOR INODE      NAME"; the name may contain blanks.
#include "engines/user/inject/process_maps.h"

#include <fcntl.h>
#include <unistd.h>

#include <charconv>

#include "base/unique_fd.h"

namespace dime {
namespace {

constexpr std::string_view kDeleted = " (deleted)";

// Takes the next field, which `separator` ends, off the front of `rest`.
std::string_view take(std::string_view& rest, char separator) {
  const std::size_t end = std::min(rest.find(separator), rest.size());
  const std::string_view field = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return field;
}

bool parse_number(std::string_view text, int base, std::uint64_t& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  return error == std::errc{} && end == text.data() + text.size();
}

std::optional<ProcessMapping> parse_line(std::string_view line) {
  ProcessMapping mapping;
  if (!parse_number(take(line, '-'), 16, mapping.range.begin.value) ||
      !parse_number(take(line, ' '), 16, mapping.range.end.value)) {
    return std::nullopt;
  }
  const std::string_view rights = take(line, ' ');
  if (rights.size() != 4 || !parse_number(take(line, ' '), 16, mapping.offset)) {
    return std::nullopt;
  }
  mapping.readable = rights[0] == 'r';
  mapping.writable = rights[1] == 'w';
  mapping.executable = rights[2] == 'x';
  mapping.shared = rights[3] == 's';
  take(line, ' ');  // the device
  if (!parse_number(take(line, ' '), 10, mapping.inode)) {
    return std::nullopt;
  }
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  if (line.ends_with(kDeleted)) {
    line.remove_suffix(kDeleted.size());
  }
  mapping.name = line;
  return mapping;
}

bool is_libc(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  return name == "libc.so.6" || (name.starts_with("libc-2.") && name.ends_with(".so"));
}

}  // namespace

std::vector<ProcessMapping> parse_maps(std::string_view text) {
  std::vector<ProcessMapping> mappings;
  while (!text.empty()) {
    if (auto mapping = parse_line(take(text, '\n'))) {
      mappings.push_back(std::move(*mapping));
    }
  }
  return mappings;
}

Result<std::vector<ProcessMapping>> read_maps(pid_t pid) {
  const std::string path = fmt::format("/proc/{}/maps", pid);
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) {
    return fail(errno, "reading {}", path);
  }
  std::string text;
  constexpr std::size_t kChunk = 65536;
  for (;;) {
    const std::size_t old = text.size();
    text.resize(old + kChunk);
    const ssize_t count = ::read(file.get(), text.data() + old, kChunk);
    if (count < 0) {
      return fail(errno, "reading {}", path);
    }
    text.resize(old + static_cast<std::size_t>(count));
    if (count == 0) {
      return parse_maps(text);
    }
  }
}

std::optional<RemoteAddress> find_libc(const std::vector<ProcessMapping>& mappings) {
  const ProcessMapping* first = nullptr;
  for (const ProcessMapping& mapping : mappings) {
    if (!is_libc(mapping.name)) {
      continue;
    }
    if (mapping.offset == 0) {
      first = &mapping;
    }
    // Without an executable part it is a file that somebody reads, not a loaded library.
    if (mapping.executable && first != nullptr && first->inode == mapping.inode) {
      return first->range.begin;
    }
  }
  return std::nullopt;
}

}  // namespace dime
