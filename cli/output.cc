// SPDX-License-Identifier: GPL-2.0
#include "cli/output.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <filesystem>

#include "cli/command.h"

namespace dime {
namespace {

/// Of SIGXFSZ, as dime was started with it.
struct sigaction usual_file_size_action {};

// Links count as what they lead to. Files that do not exist yet are the same by their names.
bool is_same_file(const std::string& one, const std::string& other) {
  struct stat about {};
  struct stat about_other {};
  const bool exists = ::stat(one.c_str(), &about) == 0;
  if (exists != (::stat(other.c_str(), &about_other) == 0)) {
    return false;
  }
  if (exists) {
    return S_ISREG(about.st_mode) && about.st_dev == about_other.st_dev &&
           about.st_ino == about_other.st_ino;
  }
  std::error_code error;
  const auto name = std::filesystem::weakly_canonical(one, error);
  return !error && name == std::filesystem::weakly_canonical(other, error) && !error;
}

}  // namespace

void print_quietly(const std::string& text) {
  [[maybe_unused]] const std::size_t written = std::fwrite(text.data(), 1, text.size(), stderr);
}

void fill_standard_descriptors() {
  for (int fd = 0; fd <= STDERR_FILENO; ++fd) {
    if (::fcntl(fd, F_GETFD) < 0) {
      [[maybe_unused]] const int filled = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    }
  }
}

void outlive_file_size_limit() {
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGXFSZ, &ignore, &usual_file_size_action);
}

void restore_file_size_limit() {
  ::sigaction(SIGXFSZ, &usual_file_size_action, nullptr);
}

int flushed(int status) {
  const bool arrived = std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
  return arrived || status != kSuccess ? status : int{kFailure};
}

Result<void> check_other_file(const NamedFile& output, const std::vector<NamedFile>& others) {
  for (const NamedFile& other : others) {
    if (!other.path.empty() && is_same_file(output.path, other.path)) {
      return fail(0, "{} {}: the same file as {} {}; allowed: another file", output.what,
                  output.path, other.what, other.path);
    }
  }
  return {};
}

Result<void> check_output(const NamedFile& output, OutputKind kind,
                          const std::vector<NamedFile>& others) {
  const std::string& path = output.path;
  if (path.empty() || (kind == OutputKind::kText && path == "-")) {
    return {};
  }
  DIME_TRY_VOID(check_other_file(output, others));
  struct stat about {};
  const bool exists = ::stat(path.c_str(), &about) == 0;
  const bool regular = exists && S_ISREG(about.st_mode);
  if (exists && !regular && (kind == OutputKind::kTrace || S_ISDIR(about.st_mode))) {
    return fail(0, "{} {}: not a regular file", output.what, path);
  }
  // A text replaces a regular file through a new one beside it.
  const bool in_place = exists && (kind == OutputKind::kTrace || !regular);
  const std::string folder = std::filesystem::path(path).parent_path().string();
  if (::access(in_place ? path.c_str() : folder.empty() ? "." : folder.c_str(), W_OK) != 0) {
    Error error = fail(errno, "{} {}: cannot be written", output.what, path).value();
    error.code = 0;
    return tl::unexpected(std::move(error));
  }
  return {};
}

}  // namespace dime
