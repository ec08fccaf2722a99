// SPDX-License-Identifier: GPL-2.0
// System calls from stacks of the program's own making, whose next lower pages are remote: at each
// distance from a page's edge, after so many other pages were touched that they must be. Once on a
// stack for makecontext(), once on one for sigaltstack().
// stack_edges ROUNDS PAGES.
#include <alloca.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <string>

#include "pages.h"

namespace {

constexpr std::size_t kStackPages = 64;
constexpr std::size_t kStep = 48;
constexpr std::size_t kForks = 32;  // one call in so many is a fork

ucontext_t home;
ucontext_t inside;
char* others = nullptr;
std::size_t other_pages = 0;
std::uint64_t rounds = 0;
int file = -1;

// FIFO: what was not touched meanwhile is remote.
[[gnu::noinline]] void push_out() {
  for (std::size_t i = 0; i < other_pages; ++i) {
    others[i * kPage] = static_cast<char>(others[i * kPage] + 1);
  }
}

[[gnu::noinline]] void make_calls(std::size_t number) {
  push_out();
  void* const mapped =
      mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  expect(mapped != MAP_FAILED, "mmap");
  *static_cast<char*>(mapped) = 1;
  push_out();
  expect(munmap(mapped, kPage) == 0, "munmap");
  push_out();
  sigset_t set;
  sigset_t now;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  expect(sigprocmask(SIG_BLOCK, &set, nullptr) == 0, "sigprocmask");
  push_out();
  expect(sigprocmask(SIG_UNBLOCK, &set, &now) == 0 && sigismember(&now, SIGUSR1) == 1, "mask");
  push_out();
  struct stat facts = {};
  expect(fstat(file, &facts) == 0 && facts.st_size == static_cast<off_t>(kPage), "fstat");
  push_out();
  char text[8];
  expect(pread(file, text, sizeof text, 16) == sizeof text && text[0] == 'x', "pread");
  if (number % kForks == 0) {
    push_out();
    const pid_t child = fork();
    expect(child >= 0, "fork");
    if (child == 0) {
      _exit(text[1] == 'x' ? 7 : 1);
    }
    int status = 0;
    expect(waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 7, "child");
  }
}

// All of the stack has been used, and is remote but for what is used now.
[[gnu::noinline]] void use_whole_stack() {
  constexpr std::size_t kBytes = (kStackPages - 8) * kPage;
  auto* const scratch = static_cast<volatile char*>(alloca(kBytes));
  for (std::size_t at = 0; at < kBytes; at += kPage) {
    scratch[at] = 1;
  }
}

[[gnu::noinline]] void at_distance(std::size_t bytes, std::size_t number) {
  auto* const room = static_cast<volatile char*>(alloca(bytes + 16));
  room[0] = 1;
  make_calls(number);
  expect(room[0] == 1, "stack");
}

void run() {
  for (std::uint64_t round = 0; round < rounds; ++round) {
    for (std::size_t bytes = 0; bytes < kPage; bytes += kStep) {
      use_whole_stack();
      at_distance(2 * kPage + bytes, bytes / kStep);
    }
  }
}

void on_signal(int) {
  run();
}

}  // namespace

int main(int argc, char** argv) {
  expect(argc == 3, "arguments: ROUNDS PAGES");
  rounds = std::stoul(argv[1]);
  other_pages = std::stoul(argv[2]);
  others = map_pages(other_pages);
  file = memfd_create("file", 0);
  char page[kPage];
  std::memset(page, 'x', sizeof page);
  expect(file >= 0 && write(file, page, sizeof page) == sizeof page, "memfd");
  expect(getcontext(&inside) == 0, "getcontext");
  // Not MAP_STACK, which says that it is one.
  inside.uc_stack.ss_sp = map_pages(kStackPages);
  inside.uc_stack.ss_size = kStackPages * kPage;
  inside.uc_link = &home;
  makecontext(&inside, run, 0);
  expect(swapcontext(&home, &inside) == 0, "swapcontext");

  stack_t stack = {};
  stack.ss_sp = map_pages(kStackPages);
  stack.ss_size = kStackPages * kPage;
  expect(sigaltstack(&stack, nullptr) == 0, "sigaltstack");
  struct sigaction action = {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_ONSTACK;
  expect(sigaction(SIGUSR2, &action, nullptr) == 0 && raise(SIGUSR2) == 0, "signal");
  std::printf("%llu rounds\n", static_cast<unsigned long long>(rounds));
  return 0;
}
