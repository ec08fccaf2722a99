// SPDX-License-Identifier: GPL-2.0
#include "engines/user/agent/process_stat.h"

#include <linux/fcntl.h>
#include <sys/stat.h>

#include "core/namespaces.h"
#include "engines/user/agent/syscalls.h"

namespace dime::agent {
namespace {

/// The number at the `field`th field of /proc/PID/stat (`field` >= 3). `comm_end` is the last ')',
/// which ends field 2.
std::uint64_t field_of(const char* comm_end, unsigned field) {
  const char* at = comm_end;
  for (unsigned seen = 2; seen < field && *at != '\0'; ++at) {
    seen += *at == ' ' ? 1 : 0;
  }
  std::uint64_t value = 0;
  for (; *at >= '0' && *at <= '9'; ++at) {
    value = value * 10 + static_cast<std::uint64_t>(*at - '0');
  }
  return value;
}

ProcessStat stat_of(const char* path) {
  constexpr unsigned kThreads = 20;
  constexpr unsigned kStartTime = 22;
  constexpr unsigned kArguments = 48;
  constexpr unsigned kEnvironmentEnd = 51;
  constexpr unsigned kStatus = 52;
  const long fd = system_call(__NR_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
  if (failed(fd)) {
    const bool looked =
        fd == -ENOENT && !failed(system_call(__NR_access, "/proc/self/stat", /*F_OK=*/0L));
    ProcessStat unknown;
    unknown.hidden = !looked;
    return unknown;
  }
  char text[512];
  const long bytes = system_call(__NR_read, fd, text, sizeof(text) - 1);
  system_call(__NR_close, fd);
  if (bytes <= 0) {
    return {};
  }
  text[bytes] = '\0';
  // The name is in parentheses and may hold anything, so fields count from the last one.
  const char* at = text;
  for (const char* c = text; *c != '\0'; ++c) {
    at = *c == ')' ? c : at;
  }
  if (at[0] == '\0' || at[1] == '\0') {
    return {};
  }
  return {true,
          at[2],
          field_of(at, kThreads),
          field_of(at, kStartTime),
          static_cast<int>(field_of(at, kStatus) >> 8),
          {field_of(at, kArguments), field_of(at, kEnvironmentEnd)},
          /*hidden=*/false};
}

}  // namespace

ProcessStat process_stat(std::uint32_t pid) {
  char path[32] = "/proc/";
  char digits[12];
  unsigned count = 0;
  for (std::uint32_t rest = pid; rest != 0 || count == 0; rest /= 10) {
    digits[count++] = static_cast<char>('0' + rest % 10);
  }
  char* out = path + 6;
  while (count != 0) {
    *out++ = digits[--count];
  }
  __builtin_memcpy(out, "/stat", sizeof("/stat"));
  return stat_of(path);
}

ProcessStat own_process_stat() {
  return stat_of("/proc/self/stat");
}

std::uint64_t own_namespaces() {
  const auto inode = [](const char* path) -> std::uint64_t {
    struct stat about {};
    return failed(system_call(__NR_newfstatat, AT_FDCWD, path, &about, 0L)) ? 0 : about.st_ino;
  };
  const std::uint64_t pids = inode("/proc/self/ns/pid");
  return pids == 0 ? 0 : namespaces::pack(pids, inode("/proc/self/ns/time"));
}

bool shows_own_namespace() {
  char link[16] = {};
  const long bytes = system_call(__NR_readlinkat, AT_FDCWD, "/proc/self", link, sizeof(link) - 1L);
  std::uint64_t pid = 0;
  for (long i = 0; i < bytes; ++i) {
    pid = pid * 10 + static_cast<std::uint64_t>(link[i] - '0');
  }
  return bytes > 0 && pid == static_cast<std::uint64_t>(system_call(__NR_getpid));
}

// A process has the status of the thread that ended last. Threads but the first one end by the C
// library, with 0.
bool LastThread::is_left() {
  constexpr unsigned kEvery = 5;
  if (++ticks_ % kEvery != 0) {
    return false;
  }
  const ProcessStat process = own_process_stat();
  if (!process.known || process.state != 'Z') {
    return false;
  }
  status_ = first_was_not_last_ ? 0 : process.status;
  first_was_not_last_ = process.threads > 2;
  return process.threads == 2;
}

}  // namespace dime::agent
