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

Result<void> check_new_file(const std::string& path) {
  struct stat about {};
  const bool exists = ::stat(path.c_str(), &about) == 0;
  const std::string folder = std::filesystem::path(path).parent_path().string();
  if (exists && !S_ISREG(about.st_mode)) {
    return fail(0, "-o {}: not a regular file", path);
  }
  if (::access(exists ? path.c_str() : folder.empty() ? "." : folder.c_str(), W_OK) != 0) {
    return fail(0, "-o {}: cannot be written", path);
  }
  return {};
}

}  // namespace dime
