// SPDX-License-Identifier: GPL-2.0
#include "engines/user/agent/own_file.h"

#include <linux/fcntl.h>

#include "engines/user/agent/syscalls.h"

namespace dime::agent {
namespace {

bool is_in_proc(const char* path) {
  for (const char* start = "/proc/"; *start != '\0'; ++start, ++path) {
    if (*path != *start) {
      return false;
    }
  }
  return true;
}

long check(const struct stat& about, std::uint32_t owner, std::uint64_t least, std::uint64_t most) {
  constexpr unsigned kFormat = 0170000;
  constexpr unsigned kRegular = 0100000;
  constexpr unsigned kOthersWrite = 022;
  if ((about.st_mode & kFormat) != kRegular || about.st_uid != owner ||
      (about.st_mode & kOthersWrite) != 0) {
    return -EPERM;
  }
  const auto bytes = static_cast<std::uint64_t>(about.st_size);
  return bytes < least || bytes > most ? -EPROTO : 0;
}

}  // namespace

std::uint32_t effective_user() {
  return static_cast<std::uint32_t>(system_call(__NR_geteuid));
}

long open_own_file(const char* path, long access, std::uint32_t owner, std::uint64_t least,
                   std::uint64_t most, struct stat& about) {
  const long follow = is_in_proc(path) ? 0 : O_NOFOLLOW;
  const long fd =
      system_call(__NR_openat, AT_FDCWD, path, access | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | follow);
  if (failed(fd)) {
    return fd;
  }
  long result = system_call(__NR_fstat, fd, &about);
  if (!failed(result)) {
    result = check(about, owner, least, most);
  }
  if (failed(result)) {
    system_call(__NR_close, fd);
    return result;
  }
  return fd;
}

}  // namespace dime::agent
