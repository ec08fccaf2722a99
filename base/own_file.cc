// SPDX-License-Identifier: GPL-2.0
#include "base/own_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

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

bool is_own_folder(const std::string& path) {
  struct stat about {};
  return ::lstat(path.c_str(), &about) == 0 && S_ISDIR(about.st_mode) &&
         only_this_user_writes(about);
}

}  // namespace dime
