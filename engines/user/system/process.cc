// SPDX-License-Identifier: GPL-2.0
#include "engines/user/system/process.h"

#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <climits>
#include <filesystem>
#include <vector>

#include "engines/user/system/sysctl.h"

namespace dime {
namespace {

struct Stat {
  char state;
  std::uint64_t start_time;
};

// /proc/PID/stat: "pid (comm) state ppid ..."; comm may contain anything, so the fields are counted
// from the last ')'.
Result<Stat> read_stat(pid_t pid) {
  DIME_TRY(const std::string text, read_small_file(fmt::format("/proc/{}/stat", pid)));
  std::size_t at = text.rfind(')');
  if (at == std::string::npos || at + 2 >= text.size()) {
    return fail(EPROTO, "reading the state of process {}", pid);
  }
  at += 2;
  const char state = text[at];
  constexpr int kStateField = 3;
  constexpr int kStartTimeField = 22;
  for (int field = kStateField; field < kStartTimeField; ++field) {
    at = text.find(' ', at);
    if (at == std::string::npos) {
      return fail(EPROTO, "reading the start time of process {}", pid);
    }
    ++at;
  }
  Stat stat{state, 0};
  std::from_chars(text.data() + at, text.data() + text.size(), stat.start_time);
  return stat;
}

bool has_other_threads(pid_t pid) {
  std::error_code error;
  std::filesystem::directory_iterator tasks(fmt::format("/proc/{}/task", pid), error);
  return !error && std::distance(tasks, {}) > 1;
}

}  // namespace

Result<ProcessId> identify(pid_t pid) {
  auto stat = read_stat(pid);
  if (!stat) {
    return fail(ESRCH, "process {}", pid);
  }
  return ProcessId{pid, stat->start_time};
}

bool is_alive(const ProcessId& process) {
  const auto stat = process.pid > 0 ? read_stat(process.pid) : fail(ESRCH, "no process");
  if (!stat || stat->start_time != process.start_time) {
    return false;
  }
  return (stat->state != 'Z' && stat->state != 'X') || has_other_threads(process.pid);
}

Result<std::string> command_name(pid_t pid) {
  return read_small_file(fmt::format("/proc/{}/comm", pid));
}

Result<uid_t> process_owner(pid_t pid) {
  // The owner of the /proc folder becomes root for a process that cannot be dumped; status tells
  // the user whatever happens.
  DIME_TRY(const std::string text, read_small_file(fmt::format("/proc/{}/status", pid)));
  const std::size_t line = text.find("\nUid:\t");
  const std::size_t effective = line == std::string::npos ? line : text.find('\t', line + 6);
  uid_t uid = 0;
  if (effective == std::string::npos ||
      std::from_chars(text.data() + effective + 1, text.data() + text.size(), uid).ec !=
          std::errc{}) {
    return fail(EPROTO, "reading the user of process {}", pid);
  }
  return uid;
}

Result<std::string> executable_path(pid_t pid) {
  const std::string link = fmt::format("/proc/{}/exe", pid);
  std::string target(PATH_MAX, '\0');
  const ssize_t length = ::readlink(link.c_str(), target.data(), target.size());
  if (length < 0) {
    return fail(errno, "reading {}", link);
  }
  target.resize(static_cast<std::size_t>(length));
  return target;
}

}  // namespace dime
