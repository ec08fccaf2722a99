// SPDX-License-Identifier: GPL-2.0
// Signal handlers on an alternate stack that may be remote, from a timer, while pages are verified;
// and a SIGSEGV that the program handles itself.
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <csetjmp>
#include <csignal>
#include <cstring>

#include "pages.h"

namespace {

constexpr std::size_t kPages = 3000;
constexpr std::size_t kStack = 64 * 1024;
char* region = nullptr;
std::atomic<std::uint64_t> ticks = 0;
sigjmp_buf back;

// Touches remote pages and much of the alternate stack.
void on_timer(int) {
  char scratch[3 * kPage];
  const std::uint64_t tick = ticks.fetch_add(1);
  std::memset(scratch, static_cast<int>(tick & 0xff), sizeof scratch);
  const std::size_t index = mix(tick) % kPages;
  expect(page_is(region + index * kPage, index, 1), "page seen by the handler", index);
  expect(scratch[mix(tick) % sizeof scratch] == static_cast<char>(tick & 0xff), "alternate stack");
}

void on_segv(int) {
  siglongjmp(back, 1);
}

void handle(int signal, void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  action.sa_flags = SA_ONSTACK | SA_RESTART;
  expect(sigaction(signal, &action, nullptr) == 0, "sigaction");
}

}  // namespace

int main() {
  region = map_pages(kPages);
  for (std::size_t i = 0; i < kPages; ++i) {
    fill_page(region + i * kPage, i, 1);
  }
  stack_t stack = {};
  stack.ss_sp = map_pages(kStack / kPage);
  stack.ss_size = kStack;
  expect(sigaltstack(&stack, nullptr) == 0, "sigaltstack");
  handle(SIGALRM, on_timer);
  handle(SIGSEGV, on_segv);

  const itimerval every_two_ms = {{0, 2000}, {0, 2000}};
  expect(setitimer(ITIMER_REAL, &every_two_ms, nullptr) == 0, "setitimer");
  while (ticks.load() < 200) {
    for (std::size_t i = 0; i < kPages; i += 7) {
      expect(page_is(region + i * kPage, i, 1), "page", i);
    }
  }
  const itimerval never = {};
  setitimer(ITIMER_REAL, &never, nullptr);

  expect(mprotect(region, kPage, PROT_NONE) == 0, "mprotect");
  volatile char* forbidden = region;
  volatile int caught = 0;
  for (int i = 0; i < 50; ++i) {
    if (sigsetjmp(back, 1) == 0) {
      *forbidden = 1;
      expect(false, "a write to PROT_NONE went through");
    }
    caught = caught + 1;
  }
  expect(mprotect(region, kPage, PROT_READ | PROT_WRITE) == 0, "mprotect");
  expect(page_is(region, 0, 1), "the page behind PROT_NONE");
  std::printf("200 timer signals, %d faults\n", caught);
  return 0;
}
