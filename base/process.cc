// SPDX-License-Identifier: GPL-2.0
#include "base/process.h"

#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <climits>
#include <csignal>
#include <filesystem>
#include <vector>

#include "base/sysctl.h"
#include "core/namespaces.h"

namespace dime {
namespace {

struct Stat {
  char state;
  std::uint64_t flags;
  std::uint64_t threads;
  std::uint64_t start_time;
};

/// Skips to the `count`th field behind the one at `at`; npos where there are fewer.
std::size_t skip_fields(const std::string& text, std::size_t at, int count) {
  for (; count > 0 && at != std::string::npos; --count) {
    at = text.find(' ', at);
    at = at == std::string::npos ? at : at + 1;
  }
  return at;
}

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
  constexpr int kFlagsField = 9;
  constexpr int kThreadsField = 20;
  constexpr int kStartTimeField = 22;
  const std::size_t flags = skip_fields(text, at, kFlagsField - kStateField);
  const std::size_t threads = skip_fields(text, flags, kThreadsField - kFlagsField);
  const std::size_t start = skip_fields(text, threads, kStartTimeField - kThreadsField);
  if (start == std::string::npos) {
    return fail(EPROTO, "reading the start time of process {}", pid);
  }
  Stat stat{state, 0, 0, 0};
  std::from_chars(text.data() + flags, text.data() + text.size(), stat.flags);
  std::from_chars(text.data() + threads, text.data() + text.size(), stat.threads);
  std::from_chars(text.data() + start, text.data() + text.size(), stat.start_time);
  return stat;
}

/// The process, or at least its first thread.
bool has_ended(const Stat& stat) {
  return stat.state == 'Z' || stat.state == 'X';
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
  return !has_ended(*stat) || has_other_threads(process.pid);
}

// Any signal that ends a process leaves SIGKILL pending for each of its threads. A thread that has
// taken it has PF_EXITING a moment later, from before its files are closed; so that is read second.
bool is_ending(const ProcessId& process) {
  constexpr std::uint64_t kExiting = 0x4;
  constexpr std::uint64_t kKill = 1u << (SIGKILL - 1);
  const auto status = read_small_file(fmt::format("/proc/{}/status", process.pid));
  const auto stat = read_stat(process.pid);
  if (!status || !stat || stat->start_time != process.start_time) {
    return false;
  }
  const std::string mask = status_field(*status, "SigPnd");
  std::uint64_t pending = 0;
  std::from_chars(mask.data(), mask.data() + mask.size(), pending, 16);
  return (pending & kKill) != 0 || has_ended(*stat) || (stat->flags & kExiting) != 0;
}

std::uint64_t own_namespaces() {
  struct stat pids {};
  struct stat times {};
  if (::stat("/proc/self/ns/pid", &pids) != 0) {
    return 0;
  }
  const bool has_times = ::stat("/proc/self/ns/time", &times) == 0;
  return namespaces::pack(pids.st_ino, has_times ? times.st_ino : 0);
}

bool shows_own_namespace() {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self", error);
  return !error && self == std::to_string(::getpid());
}

// The last number of NSpid is that of the process's own namespace.
std::vector<pid_t> pids_known_as(pid_t pid) {
  std::vector<pid_t> found;
  std::error_code error;
  const std::string wanted = "\t" + std::to_string(pid);
  for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
    const std::string name = entry.path().filename();
    pid_t here = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), here).ec != std::errc{}) {
      continue;
    }
    const auto status = read_small_file(entry.path() / "status");
    if (status && ("\t" + status_field(*status, "NSpid")).ends_with(wanted)) {
      found.push_back(here);
    }
  }
  return found;
}

std::uint64_t thread_count(pid_t pid) {
  const auto stat = read_stat(pid);
  return stat ? stat->threads : 0;
}

std::string status_field(const std::string& status, const std::string& key) {
  const std::string start = key + ":\t";
  std::size_t at = status.starts_with(start) ? 0 : status.find('\n' + start);
  if (at == std::string::npos) {
    return {};
  }
  at += start.size() + (at == 0 ? 0 : 1);
  return status.substr(at, status.find('\n', at) - at);
}

Result<std::string> command_name(pid_t pid) {
  return read_small_file(fmt::format("/proc/{}/comm", pid));
}

Result<uid_t> process_owner(pid_t pid) {
  // The owner of the /proc folder becomes root for a process that cannot be dumped; status tells
  // the user whatever happens.
  DIME_TRY(const std::string text, read_small_file(fmt::format("/proc/{}/status", pid)));
  const std::string users = status_field(text, "Uid");
  const std::size_t effective = users.find('\t');
  uid_t uid = 0;
  if (effective == std::string::npos ||
      std::from_chars(users.data() + effective + 1, users.data() + users.size(), uid).ec !=
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
