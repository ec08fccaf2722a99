// SPDX-License-Identifier: GPL-2.0
#include "base/sysctl.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "base/unique_fd.h"

namespace dime {

Result<std::string> read_small_file(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) {
    return fail(errno, "opening {}", path);
  }
  std::string text;
  char part[4096];
  ssize_t length = 0;
  while ((length = ::read(file.get(), part, sizeof part)) > 0) {
    text.append(part, static_cast<std::size_t>(length));
  }
  if (length < 0) {
    return fail(errno, "reading {}", path);
  }
  if (!text.empty() && text.back() == '\n') {
    text.pop_back();
  }
  return text;
}

Result<long> read_sysctl(const std::string& name) {
  std::string path = "/proc/sys/" + name;
  std::replace(path.begin(), path.end(), '.', '/');
  DIME_TRY(const std::string text, read_small_file(path));
  long value = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc{}) {
    return fail(EPROTO, "{} is not a number", name);
  }
  return value;
}

}  // namespace dime
