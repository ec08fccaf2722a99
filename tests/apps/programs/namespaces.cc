// SPDX-License-Identifier: GPL-2.0
// Processes of one instance that cannot look each other up: namespaces KIND [FIFO]. A child, and a
// child of that, where pids (KIND pid), start times (time) or /proc (chroot) are others; all three
// use remote pages at the same time. With FIFO they end when it has a writer that goes away.
// Status 77: this user may not do so.
#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "pages.h"

namespace {

constexpr std::size_t kPages = 200;
constexpr unsigned kRounds = 15;
char* memory = nullptr;

void work(unsigned who) {
  for (unsigned round = 0; round < kRounds; ++round) {
    for (std::size_t i = 0; i < kPages; ++i) {
      fill_page(memory + i * kPage, i + who * kPages, round);
    }
    usleep(5'000);
    for (std::size_t i = 0; i < kPages; ++i) {
      expect(page_is(memory + i * kPage, i + who * kPages, round), "a page", i);
    }
  }
}

bool leave_time() {
  constexpr char kOffset[] = "boottime 100000 0\n";
  if (unshare(CLONE_NEWTIME) != 0) {
    return false;
  }
  const int fd = open("/proc/self/timens_offsets", O_WRONLY);
  return fd >= 0 && write(fd, kOffset, sizeof(kOffset) - 1) > 0 && close(fd) == 0;
}

void may(bool done) {
  if (!done) {
    _exit(77);
  }
}

void end_with(pid_t child) {
  int status = 0;
  expect(waitpid(child, &status, 0) == child && status == 0, "a child", status);
}

}  // namespace

int main(int argc, char** argv) {
  expect(argc == 2 || argc == 3, "arguments: KIND [FIFO]");
  const std::string kind = argv[1];
  memory = map_pages(kPages);
  int barrier[2];
  expect(pipe(barrier) == 0, "a pipe");
  const int end = argc == 3 ? open(argv[2], O_RDONLY | O_NONBLOCK) : -1;
  if (kind == "pid") {
    may(unshare(CLONE_NEWPID) == 0);
  } else if (kind == "time") {
    may(leave_time());
  }
  const auto wait_for_end = [&] {
    char byte = 'r';
    if (end < 0) {
      return;
    }
    expect(write(barrier[1], &byte, 1) == 1, "the pipe");
    expect(fcntl(end, F_SETFL, 0) == 0, "the FIFO");
    while (read(end, &byte, 1) == 1 || errno == EINTR) {
    }
  };
  const pid_t child = fork();
  if (child == 0) {
    if (kind == "chroot") {
      may(chroot("/sys") == 0 && chdir("/") == 0);
    }
    const pid_t grandchild = fork();
    work(grandchild == 0 ? 2 : 1);
    wait_for_end();
    if (grandchild != 0) {
      end_with(grandchild);
    }
    return 0;
  }
  work(0);
  char bytes[2];
  if (end >= 0) {
    expect(read(barrier[0], bytes, 1) == 1 && read(barrier[0], bytes, 1) == 1, "the children");
    expect(write(STDOUT_FILENO, "ready\n", 6) == 6, "the output");
    wait_for_end();
  }
  int status = 0;
  expect(waitpid(child, &status, 0) == child, "waitpid");
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
