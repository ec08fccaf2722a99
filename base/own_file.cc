// SPDX-License-Identifier: GPL-2.0
#include "base/own_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

namespace dime {
namespace {

bool only_this_user_writes(const struct stat& about) {
  return about.st_uid == ::geteuid() && (about.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

}  // namespace

Result<UniqueFd> open_own_file(const std::string& path, int access, FileSizes sizes) {
  UniqueFd file(::open(path.c_str(), access | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
  struct stat about {};
  if (!file.valid() || ::fstat(file.get(), &about) != 0) {
    return fail(errno, "opening {}", path);
  }
  if (!S_ISREG(about.st_mode) || !only_this_user_writes(about)) {
    return fail(EPERM, "{} is not a file that only this user can write", path);
  }
  const auto bytes = static_cast<std::uint64_t>(about.st_size);
  if (bytes < sizes.least || bytes > sizes.most) {
    return fail(EPROTO, "{} has {} bytes, not those of this version of dime", path, bytes);
  }
  return file;
}

Result<void> write_own_file(const std::string& path, std::string_view content) {
  std::string temporary = path + ".XXXXXX";
  const UniqueFd file(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!file.valid()) {
    return fail(errno, "creating {}", temporary);
  }
  int error = 0;
  while (!content.empty() && error == 0) {
    const ssize_t written = ::write(file.get(), content.data(), content.size());
    error = written < 0 && errno != EINTR ? errno : 0;
    content.remove_prefix(written < 0 ? 0 : static_cast<std::size_t>(written));
  }
  if (error == 0 && ::rename(temporary.c_str(), path.c_str()) != 0) {
    error = errno;
  }
  if (error != 0) {
    ::unlink(temporary.c_str());
    return fail(error, "writing {}", path);
  }
  return {};
}

bool is_own_folder(const std::string& path) {
  struct stat about {};
  return ::lstat(path.c_str(), &about) == 0 && S_ISDIR(about.st_mode) &&
         only_this_user_writes(about);
}

}  // namespace dime
