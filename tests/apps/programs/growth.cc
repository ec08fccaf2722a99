// SPDX-License-Identifier: GPL-2.0
// growth KIND COUNT: does COUNT of one thing and prints how many nanoseconds that took.
//
//   mappings  single pages mapped and touched that no neighbour merges with
//   unmaps    the same pages, mapped in one piece, unmapped one by one, every second first
//   threads   threads created and joined
//   forks     children that end at once, of a process with 64 MiB of memory
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <thread>

namespace {

constexpr std::size_t kPage = 4096;

void require(bool holds, const char* what) {
  if (!holds) {
    std::perror(what);
    std::exit(1);
  }
}

char* map(std::size_t pages) {
  void* const memory =
      mmap(nullptr, pages * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  require(memory != MAP_FAILED, "mmap");
  return static_cast<char*>(memory);
}

void mappings(std::size_t count) {
  // Every second one is of other rights, so that they stay apart.
  for (std::size_t i = 0; i < count; ++i) {
    char* const page = map(1);
    page[0] = 1;
    if (i % 2 == 0) {
      require(mprotect(page, kPage, PROT_READ) == 0, "mprotect");
    }
  }
}

void unmaps(char* memory, std::size_t count) {
  for (std::size_t first = 0; first < 2; ++first) {
    for (std::size_t i = first; i < count; i += 2) {
      require(munmap(memory + i * kPage, kPage) == 0, "munmap");
    }
  }
}

void threads(std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    std::thread([] {}).join();
  }
}

void forks(std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const pid_t child = fork();
    require(child >= 0, "fork");
    if (child == 0) {
      _exit(0);
    }
    int status = 1;
    require(waitpid(child, &status, 0) == child && status == 0, "waitpid");
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: growth mappings|unmaps|threads|forks COUNT\n", stderr);
    return 2;
  }
  const std::string_view kind = argv[1];
  const std::size_t count = std::strtoul(argv[2], nullptr, 10);
  char* memory = nullptr;
  if (kind == "unmaps" || kind == "forks") {
    const std::size_t pages = kind == "forks" ? 16384 : count;
    memory = map(pages);
    std::memset(memory, 1, pages * kPage);
  }
  const auto begin = std::chrono::steady_clock::now();
  if (kind == "mappings") {
    mappings(count);
  } else if (kind == "unmaps") {
    unmaps(memory, count);
  } else if (kind == "threads") {
    threads(count);
  } else if (kind == "forks") {
    forks(count);
  } else {
    return 2;
  }
  const auto spent = std::chrono::steady_clock::now() - begin;
  std::printf("%lld\n", static_cast<long long>(std::chrono::nanoseconds(spent).count()));
  return 0;
}
