// SPDX-License-Identifier: GPL-2.0
// Coroutines by swapcontext on stacks from malloc, which are managed memory like any other, with
// signals that arrive while they run on remote stacks: coroutines COUNT ROUNDS.
#include <sys/syscall.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "pages.h"

namespace {

constexpr std::size_t kStackBytes = 24 * 1024;

struct FreeStack {
  void operator()(char* stack) const { std::free(stack); }
};

struct Coroutine {
  ucontext_t context = {};
  std::unique_ptr<char, FreeStack> stack;
  std::uint64_t sum = 0;
};

ucontext_t scheduler;
std::vector<Coroutine> coroutines;
std::uint64_t rounds = 0;
std::atomic<std::uint64_t> ticks = 0;

void on_tick(int) {
  const int saved = errno;
  volatile char scratch[1000];
  for (char volatile& byte : scratch) {
    byte = 1;
  }
  ticks.fetch_add(1);
  errno = saved;
}

// Uses several pages of its stack across switches, and hands some of it to the kernel.
void run(unsigned index) {
  Coroutine& self = coroutines[index];
  std::uint64_t local[1500];
  for (std::uint64_t round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < 1500; i += 50) {
      local[i] = mix(index * rounds + round + i);
    }
    expect(swapcontext(&self.context, &scheduler) == 0, "swapcontext");
    for (std::size_t i = 0; i < 1500; i += 50) {
      expect(local[i] == mix(index * rounds + round + i), "stack of a coroutine", index);
      self.sum += local[i] & 0xff;
    }
    expect(raise(SIGALRM) == 0, "raise");
    timespec now = {};
    expect(clock_gettime(CLOCK_MONOTONIC, &now) == 0, "clock_gettime");
    expect(syscall(SYS_clock_getres, CLOCK_MONOTONIC, &now) == 0 && now.tv_nsec == 1, "call");
  }
}

void prepare(Coroutine& each, unsigned index) {
  each.stack.reset(static_cast<char*>(std::malloc(kStackBytes)));
  expect(each.stack != nullptr && getcontext(&each.context) == 0, "getcontext");
  each.context.uc_stack.ss_sp = each.stack.get();
  each.context.uc_stack.ss_size = kStackBytes;
  each.context.uc_link = &scheduler;
  makecontext(&each.context, reinterpret_cast<void (*)()>(run), 1, index);
}

}  // namespace

int main(int argc, char** argv) {
  expect(argc == 3, "arguments: COUNT ROUNDS");
  const std::size_t count = std::stoul(argv[1]);
  rounds = std::stoul(argv[2]);
  struct sigaction action = {};
  action.sa_handler = on_tick;
  action.sa_flags = SA_RESTART;
  expect(sigaction(SIGALRM, &action, nullptr) == 0, "sigaction");
  const itimerval every_ms = {{0, 1000}, {0, 1000}};
  expect(setitimer(ITIMER_REAL, &every_ms, nullptr) == 0, "setitimer");
  coroutines.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    prepare(coroutines[i], static_cast<unsigned>(i));
  }
  for (std::uint64_t round = 0; round <= rounds; ++round) {
    for (Coroutine& each : coroutines) {
      expect(swapcontext(&scheduler, &each.context) == 0, "swapcontext");
    }
  }
  const itimerval never = {};
  setitimer(ITIMER_REAL, &never, nullptr);
  std::uint64_t sum = 0;
  for (const Coroutine& each : coroutines) {
    sum += each.sum;
  }
  expect(ticks.load() >= count * rounds, "signals", ticks.load());
  std::printf("%zu coroutines, sum %llu\n", count, static_cast<unsigned long long>(sum));
  return 0;
}
