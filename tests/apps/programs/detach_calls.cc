// SPDX-License-Identifier: GPL-2.0
// For detaching at random moments: threads that make system calls by instructions of the program's
// own, touch more pages than are local, take signals and start programs, for so many seconds.
// detach_calls SECONDS [agent]: prints "ok"; with "agent", at the end also whether a program that
// it starts has the agent in its environment.
#include <pthread.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <vector>

#include "pages.h"

namespace {

constexpr std::size_t kPages = 120;
constexpr int kCalls = 100;

std::atomic<bool> over{false};
std::atomic<unsigned long> handled{0};

// Outside of the C library: such a call is dispatched to the agent.
long own_call(long number) {
  long result = number;
  __asm__ volatile("syscall" : "+a"(result) : : "rcx", "r11", "memory");
  return result;
}

void work(unsigned seed) {
  std::vector<std::uint64_t> words(kPages * kPage / sizeof(std::uint64_t), seed);
  const std::size_t step = kPage / sizeof(std::uint64_t);
  for (std::uint64_t round = 0; !over; ++round) {
    for (std::size_t page = 0; page < kPages; ++page) {
      expect(words[page * step] == seed + round, "a page kept its content");
      words[page * step] = seed + round + 1;
    }
    for (int i = 0; i < kCalls; ++i) {
      expect(own_call(SYS_getpid) == getpid(), "getpid");
    }
  }
}

int run_program() {
  static const char* const words[] = {"/bin/sh", "-c", "test -z \"$DIME_CONTROL\"", nullptr};
  const pid_t child = fork();
  if (child == 0) {
    execv(words[0], const_cast<char* const*>(words));
    _exit(9);
  }
  int status = 0;
  expect(waitpid(child, &status, 0) == child, "waitpid");
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

int main(int count, char** arguments) {
  struct sigaction action {};
  action.sa_handler = [](int) { ++handled; };
  action.sa_flags = SA_RESTART;
  expect(sigaction(SIGUSR1, &action, nullptr) == 0, "sigaction");
  const double seconds = std::strtod(arguments[1], nullptr);
  std::array<std::thread, 3> threads;
  for (std::size_t i = 0; i < threads.size(); ++i) {
    threads[i] = std::thread(work, static_cast<unsigned>(1000 * (i + 1)));
  }
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (std::chrono::steady_clock::now() < end) {
    for (auto& thread : threads) {
      pthread_kill(thread.native_handle(), SIGUSR1);
    }
    expect(run_program() <= 1, "a started program");
    struct sigaction now {};
    expect(sigaction(SIGUSR1, nullptr, &now) == 0 && now.sa_handler == action.sa_handler,
           "handler");
    expect(sigaction(SIGBUS, nullptr, &now) == 0 && now.sa_handler == SIG_DFL, "no handler");
  }
  over = true;
  for (auto& thread : threads) {
    thread.join();
  }
  expect(handled != 0, "signals");
  if (count > 2) {
    std::printf("%s\n", run_program() == 0 ? "not followed" : "followed");
  }
  std::puts("ok");
  return 0;
}
