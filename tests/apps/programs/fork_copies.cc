// SPDX-License-Identifier: GPL-2.0
// fork and copy-on-write: parent and child both see what was there, and each only its own writes
// after: fork_copies PAGES FORKS.
//
// While children live, parent and child rewrite pages of the same region, each its own version; a
// grandchild reads the rest.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <string>

#include "pages.h"

namespace {

void verify(const char* region, std::size_t pages, std::uint64_t even, std::uint64_t odd) {
  for (std::size_t i = 0; i < pages; ++i) {
    expect(page_is(region + i * kPage, i, i % 2 == 0 ? even : odd), "page", i);
  }
}

void rewrite(char* region, std::size_t pages, std::size_t first, std::uint64_t version) {
  for (std::size_t i = first; i < pages; i += 2) {
    fill_page(region + i * kPage, i, version);
  }
}

int wait_for(pid_t child) {
  int status = 0;
  expect(waitpid(child, &status, 0) == child, "waitpid");
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void live_as_child(char* region, std::size_t pages, std::uint64_t version) {
  verify(region, pages, version, version);
  rewrite(region, pages, 0, version + 1000);
  const pid_t grandchild = fork();
  if (grandchild == 0) {
    verify(region, pages, version + 1000, version);
    _exit(7);
  }
  expect(wait_for(grandchild) == 7, "grandchild");
  verify(region, pages, version + 1000, version);
  _exit(3);
}

}  // namespace

int main(int argc, char** argv) {
  expect(argc == 3, "arguments: PAGES FORKS");
  const std::size_t pages = std::stoul(argv[1]);
  const std::uint64_t forks = std::stoull(argv[2]);
  char* region = map_pages(pages);
  for (std::uint64_t version = 1; version <= forks; ++version) {
    rewrite(region, pages, 0, version);
    rewrite(region, pages, 1, version);
    const pid_t child = fork();
    expect(child >= 0, "fork");
    if (child == 0) {
      live_as_child(region, pages, version);
    }
    rewrite(region, pages, 1, version + 2000);
    verify(region, pages, version, version + 2000);
    expect(wait_for(child) == 3, "child");
    verify(region, pages, version, version + 2000);
  }
  std::printf("%llu forks\n", static_cast<unsigned long long>(forks));
  return 0;
}
