// SPDX-License-Identifier: GPL-2.0
// All the ways to start a program: vfork, posix_spawn, system, popen, fork + execve, with the
// parent's pages verified after each.
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>

#include "pages.h"

namespace {

constexpr std::size_t kPages = 1500;

int wait_for(pid_t child) {
  int status = 0;
  expect(waitpid(child, &status, 0) == child, "waitpid");
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::array<char*, 4> words(const char* script) {
  static char shell[] = "/bin/sh";
  static char option[] = "-c";
  return {shell, option, const_cast<char*>(script), nullptr};
}

int by_vfork(const char* script) {
  std::array<char*, 4> arguments = words(script);
  const pid_t child = vfork();  // NOLINT: vfork is what is tested
  if (child == 0) {
    execv(arguments[0], arguments.data());
    _exit(127);
  }
  return wait_for(child);
}

int by_spawn(const char* script) {
  std::array<char*, 4> arguments = words(script);
  pid_t child = 0;
  expect(posix_spawn(&child, arguments[0], nullptr, nullptr, arguments.data(), environ) == 0,
         "posix_spawn");
  return wait_for(child);
}

int by_fork(const char* script) {
  std::array<char*, 4> arguments = words(script);
  std::array<char*, 1> empty = {nullptr};
  const pid_t child = fork();
  if (child == 0) {
    execve(arguments[0], arguments.data(), empty.data());
    _exit(127);
  }
  return wait_for(child);
}

void by_popen() {
  FILE* pipe = popen("seq 1 400 | tail -n 1; exit 5", "r");  // NOLINT: popen is what is tested
  char line[64] = {};
  expect(pipe != nullptr && std::fgets(line, sizeof line, pipe) != nullptr &&
             std::strcmp(line, "400\n") == 0,
         "popen");
  expect(WEXITSTATUS(pclose(pipe)) == 5, "pclose");
}

}  // namespace

int main() {
  char* region = map_pages(kPages);
  for (std::uint64_t round = 1; round <= 12; ++round) {
    for (std::size_t i = 0; i < kPages; ++i) {
      fill_page(region + i * kPage, i, round);
    }
    expect(by_vfork("exit 11") == 11, "vfork");
    expect(by_spawn("test $(seq 1 500 | wc -l) = 500 && exit 12") == 12, "posix_spawn");
    expect(by_fork("exit 13") == 13, "fork and execve with an empty environment");
    expect(WEXITSTATUS(std::system("exit 14")) == 14,
           "system");  // NOLINT: system is what is tested
    by_popen();
    for (std::size_t i = 0; i < kPages; ++i) {
      expect(page_is(region + i * kPage, i, round), "page", i);
    }
  }
  std::puts("12 rounds");
  return 0;
}
