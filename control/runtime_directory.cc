// SPDX-License-Identifier: GPL-2.0
#include "control/runtime_directory.h"

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <filesystem>

#include "base/environment.h"
#include "base/own_file.h"

namespace dime {
namespace {

constexpr const char* kHint = "set DIME_RUNTIME_DIR to a folder of your own in a tmpfs";

std::string folder_for_user(const std::string& parent) {
  return fmt::format("{}/dime-{}", parent, ::geteuid());
}

// Instances must lie in memory: pages of a file on a disk are written back, and faults on them
// wait.
bool is_in_memory(const std::string& path) {
  struct statfs about {};
  return ::statfs(path.c_str(), &about) == 0 && about.f_type == TMPFS_MAGIC;
}

// Members may stand in another folder than this process, so a relative path is of no use to them.
std::string absolute(const std::string& path) {
  std::error_code error;
  const std::filesystem::path full = std::filesystem::absolute(path, error).lexically_normal();
  std::string text = error ? path : full.string();
  while (text.size() > 1 && text.back() == '/') {
    text.pop_back();
  }
  return text;
}

struct Place {
  std::string path;
  bool as_given = false;  ///< $DIME_RUNTIME_DIR itself: not created, and may be a symbolic link
};

bool look_at(const Place& place, struct stat& about) {
  return (place.as_given ? ::stat(place.path.c_str(), &about)
                         : ::lstat(place.path.c_str(), &about)) == 0;
}

Place place_given(const std::string& variable) {
  const Place given{absolute(variable), true};
  struct stat about {};
  const bool shared = look_at(given, about) && S_ISDIR(about.st_mode) &&
                      (about.st_uid != ::geteuid() || (about.st_mode & (S_IWGRP | S_IWOTH)) != 0);
  return shared ? Place{folder_for_user(given.path)} : given;
}

Place place() {
  if (const std::string given = environment_value("DIME_RUNTIME_DIR"); !given.empty()) {
    return place_given(given);
  }
  // After su or sudo the variable may still name the folder of another user.
  const std::string session = environment_value("XDG_RUNTIME_DIR");
  if (session.starts_with('/') && is_own_folder(session) && is_in_memory(session)) {
    return {absolute(session) + "/dime"};
  }
  return {folder_for_user("/dev/shm")};
}

Result<void> check(const Place& place) {
  const std::string& path = place.path;
  struct stat about {};
  if (!look_at(place, about)) {
    auto error = fail(errno, "opening {}, the folder for instances", path);
    error.value().hint = kHint;
    error.value().code = place.as_given ? 0 : error.value().code;
    return error;
  }
  if (!S_ISDIR(about.st_mode)) {
    return fail_with_hint(kHint, "{} is not a folder: instances cannot be kept there", path);
  }
  if (about.st_uid != ::geteuid()) {
    return fail_with_hint(kHint, "{} belongs to user {}: instances cannot be kept there", path,
                          about.st_uid);
  }
  if (!place.as_given && (about.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return fail_with_hint(fmt::format("chmod 700 {}", path),
                          "{} is open to other users: instances cannot be kept there", path);
  }
  return {};
}

}  // namespace

std::string runtime_directory() {
  return place().path;
}

Result<void> check_runtime_directory() {
  return check(place());
}

Result<std::string> ensure_runtime_directory() {
  Place wanted = place();
  if (!wanted.as_given) {
    if (::mkdir(wanted.path.c_str(), S_IRWXU) == 0) {
      ::chmod(wanted.path.c_str(), S_IRWXU);  // whatever the umask was
    } else if (errno != EEXIST) {
      auto error = fail(errno, "creating {} for instances", wanted.path);
      error.value().hint = kHint;
      return error;
    }
  }
  DIME_TRY_VOID(check(wanted));
  return std::move(wanted.path);
}

}  // namespace dime
