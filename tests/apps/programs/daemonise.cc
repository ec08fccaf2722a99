// SPDX-License-Identifier: GPL-2.0
// Becomes a daemon as old ones do (two forks, setsid, every descriptor closed), works on memory
// that it inherited, and leaves its answer in a file: daemonise FILE.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "pages.h"

namespace {

constexpr std::size_t kPages = 2000;

void serve(char* region, const char* path) {
  for (int fd = 0; fd < 1024; ++fd) {
    close(fd);
  }
  for (std::size_t i = 0; i < kPages; ++i) {
    if (!page_is(region + i * kPage, i, 1)) {
      _exit(1);
    }
    fill_page(region + i * kPage, i, 2);
  }
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < kPages; ++i) {
    sum += page_is(region + i * kPage, i, 2) ? 1 : 0;
  }
  const std::string part = std::string(path) + ".part";
  const int fd = open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const std::string answer = std::to_string(sum) + " pages\n";
  if (fd < 0 || write(fd, answer.data(), answer.size()) != static_cast<ssize_t>(answer.size())) {
    _exit(1);
  }
  close(fd);
  _exit(std::rename(part.c_str(), path) == 0 ? 0 : 1);
}

}  // namespace

int main(int argc, char** argv) {
  expect(argc == 2, "arguments: FILE");
  char* region = map_pages(kPages);
  for (std::size_t i = 0; i < kPages; ++i) {
    fill_page(region + i * kPage, i, 1);
  }
  const pid_t first = fork();
  if (first == 0) {
    setsid();
    if (fork() == 0) {
      serve(region, argv[1]);
    }
    _exit(0);
  }
  int status = 0;
  expect(waitpid(first, &status, 0) == first && status == 0, "the first child");
  return 0;
}
