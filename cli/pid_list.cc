// SPDX-License-Identifier: GPL-2.0
#include "cli/pid_list.h"

#include <algorithm>
#include <charconv>

namespace dime {

Result<std::vector<pid_t>> parse_pids(const std::string& text) {
  std::vector<pid_t> pids;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    pid_t pid = 0;
    const auto [rest, error] = std::from_chars(text.data() + begin, text.data() + end, pid);
    if (error != std::errc{} || rest != text.data() + end || pid <= 0) {
      return fail(0, "-p '{}': '{}' is not a pid; allowed: PID[,PID..]", text,
                  text.substr(begin, end - begin));
    }
    if (std::find(pids.begin(), pids.end(), pid) != pids.end()) {
      return fail(0, "-p '{}': pid {} is named twice", text, pid);
    }
    pids.push_back(pid);
    begin = end + 1;
  }
  return pids;
}

}  // namespace dime
