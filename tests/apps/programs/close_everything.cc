// SPDX-License-Identifier: GPL-2.0
// Closes every descriptor but the standard three with close_range, then one by one, and goes on
// working in memory, with threads and with a fork.
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "pages.h"

namespace {

constexpr std::size_t kPages = 3000;

void round_trip(char* region, std::uint64_t version) {
  for (std::size_t i = 0; i < kPages; ++i) {
    expect(version == 1 || page_is(region + i * kPage, i, version - 1), "page", i);
    fill_page(region + i * kPage, i, version);
  }
}

}  // namespace

int main() {
  char* region = map_pages(kPages);
  round_trip(region, 1);
  expect(syscall(SYS_close_range, 3U, ~0U, 0U) == 0, "close_range");
  round_trip(region, 2);
  for (int fd = 3; fd < 4096; ++fd) {
    close(fd);
  }
  round_trip(region, 3);
  std::thread([region] { round_trip(region, 4); }).join();
  char* fresh = map_pages(kPages);
  round_trip(fresh, 1);
  const pid_t child = fork();
  if (child == 0) {
    round_trip(region, 5);
    round_trip(fresh, 2);
    _exit(9);
  }
  int status = 0;
  expect(waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 9, "child");
  round_trip(region, 5);
  // Descriptors handed out now are those that the program would get natively.
  int ends[2] = {};
  expect(pipe(ends) == 0 && write(ends[1], "x", 1) == 1, "pipe");
  std::puts("closed everything");
  return 0;
}
