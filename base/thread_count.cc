// SPDX-License-Identifier: GPL-2.0
#include "base/thread_count.h"

#include <fmt/format.h>

#include <sstream>
#include <string>

#include "base/sysctl.h"

namespace dime {

std::uint64_t thread_count(pid_t pid) {
  const auto stat = read_small_file(fmt::format("/proc/{}/stat", pid));
  const std::size_t name_end = stat ? stat->rfind(')') : std::string::npos;
  if (name_end == std::string::npos) {
    return 0;
  }
  // The name, field 2, may hold anything; num_threads is field 20.
  constexpr int kFieldsBefore = 17;
  std::istringstream fields(stat->substr(name_end + 1));
  std::string skipped;
  for (int i = 0; i < kFieldsBefore; ++i) {
    fields >> skipped;
  }
  std::uint64_t threads = 0;
  fields >> threads;
  return threads;
}

}  // namespace dime
