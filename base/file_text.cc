// SPDX-License-Identifier: GPL-2.0
#include "base/file_text.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/unique_fd.h"

namespace dime {
namespace {

// The number of the error, 0 = all was written.
int write_all(int fd, const std::string& text) {
  constexpr int kPatienceMilliseconds = 10'000;
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t written = ::write(fd, text.data() + done, text.size() - done);
    if (written >= 0) {
      done += static_cast<std::size_t>(written);
    } else if (errno == EAGAIN) {
      pollfd wanted{fd, POLLOUT, 0};
      if (::poll(&wanted, 1, kPatienceMilliseconds) == 0) {
        return ETIMEDOUT;
      }
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

mode_t usual_mode() {
  const mode_t mask = ::umask(0);
  ::umask(mask);
  return (S_IRUSR | S_IWUSR | S_IRGRP | S_IWGRP | S_IROTH | S_IWOTH) & ~mask;
}

Result<void> replace(const std::string& path, const std::string& text, mode_t mode) {
  std::string temporary = path + ".XXXXXX";
  const UniqueFd file(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!file.valid()) {
    return fail(errno, "creating {}", temporary);
  }
  int error = write_all(file.get(), text);
  if (error == 0 && (::fchmod(file.get(), mode) != 0 || ::fsync(file.get()) != 0 ||
                     ::rename(temporary.c_str(), path.c_str()) != 0)) {
    error = errno;
  }
  if (error != 0) {
    ::unlink(temporary.c_str());
    return fail(error, "writing {}", path);
  }
  return {};
}

Result<void> write_in_place(const std::string& path, const std::string& text) {
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  const int error = file.valid() ? write_all(file.get(), text) : errno;
  return error == 0 ? Result<void>() : fail(error, "writing {}", path);
}

}  // namespace

Result<std::string> read_text_file(const std::string& path, std::size_t most) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat about {};
  if (!file.valid() || ::fstat(file.get(), &about) != 0) {
    const int code = errno;
    return tl::unexpected(Error{code, std::strerror(code), {}});  // NOLINT(concurrency-mt-unsafe)
  }
  if (!S_ISREG(about.st_mode)) {
    return fail(0, "not a regular file");
  }
  // Files of /proc and /sys have content, but no size.
  std::string text;
  char part[16384];
  ssize_t length = 0;
  while ((length = ::read(file.get(), part, sizeof part)) > 0) {
    text.append(part, static_cast<std::size_t>(length));
    if (text.size() > most) {
      return fail(0, "longer than {} KiB", most / 1024);
    }
  }
  if (length < 0) {
    const int code = errno;
    return tl::unexpected(Error{code, std::strerror(code), {}});  // NOLINT(concurrency-mt-unsafe)
  }
  return text;
}

Result<void> write_text_file(const std::string& path, const std::string& text) {
  struct stat about {};
  if (::stat(path.c_str(), &about) != 0) {
    return replace(path, text, usual_mode());
  }
  return S_ISREG(about.st_mode) ? replace(path, text, about.st_mode & 0777)
                                : write_in_place(path, text);
}

}  // namespace dime
