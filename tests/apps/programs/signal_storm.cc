// SPDX-License-Identifier: GPL-2.0
// Threads verify remote pages while timers and kill() rain signals: signal_storm SECONDS.
//
// Handlers run with and without SA_ONSTACK, touch remote pages, make system calls, and some jump
// out with siglongjmp. The program has handlers of its own for SIGBUS (a file that is shorter than
// its mapping) and SIGSEGV; both must get their own faults, and only those. Masks must read back as
// they were set.
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csetjmp>
#include <csignal>
#include <cstring>
#include <string>
#include <thread>

#include "pages.h"

namespace {

constexpr std::size_t kPages = 800;
// Room for handlers within handlers, as many as a slow machine piles up.
constexpr std::size_t kStackPages = 128;
constexpr unsigned kThreads = 4;
char* common = nullptr;
char* short_file = nullptr;
char* forbidden = nullptr;
std::atomic<bool> stop = false;
std::atomic<std::uint64_t> handled = 0;

thread_local sigjmp_buf bus_back;
thread_local sigjmp_buf segv_back;
thread_local sigjmp_buf alarm_back;
thread_local volatile sig_atomic_t may_jump = 0;

void look_at_pages(std::uint64_t seed) {
  char scratch[2 * kPage];
  std::memset(scratch, static_cast<int>(seed & 0x7f), sizeof scratch);
  for (std::uint64_t i = 0; i < 4; ++i) {
    const std::size_t index = mix(seed * 4 + i) % kPages;
    expect(page_is(common + index * kPage, index, 1), "page seen by a handler", index);
  }
  expect(scratch[mix(seed) % sizeof scratch] == static_cast<char>(seed & 0x7f), "handler's stack");
}

void on_signal(int) {
  const int saved = errno;
  look_at_pages(handled.fetch_add(1));
  errno = saved;
}

void on_signal_with_call(int, siginfo_t*, void*) {
  const int saved = errno;
  timespec now = {};
  expect(clock_gettime(CLOCK_MONOTONIC, &now) == 0 && now.tv_sec + now.tv_nsec > 0, "clock");
  expect(syscall(SYS_gettid) > 0, "gettid");
  look_at_pages(handled.fetch_add(1));
  errno = saved;
}

void on_jump(int) {
  handled.fetch_add(1);
  if (may_jump != 0) {
    may_jump = 0;
    siglongjmp(alarm_back, 1);
  }
}

void on_bus(int, siginfo_t* information, void*) {
  expect(information->si_addr == short_file + kPage + 7, "address of a SIGBUS");
  expect(information->si_code == BUS_ADRERR, "code of a SIGBUS");
  siglongjmp(bus_back, 1);
}

void on_segv(int, siginfo_t* information, void*) {
  expect(information->si_addr == forbidden + 9, "address of a SIGSEGV");
  siglongjmp(segv_back, 1);
}

template <class Handler>
void handle(int signal, Handler handler, int flags) {
  struct sigaction action = {};
  if constexpr (std::is_same_v<Handler, void (*)(int)>) {
    action.sa_handler = handler;
  } else {
    action.sa_sigaction = handler;
    flags |= SA_SIGINFO;
  }
  action.sa_flags = flags;
  expect(sigaction(signal, &action, nullptr) == 0, "sigaction");
  struct sigaction now = {};
  expect(sigaction(signal, nullptr, &now) == 0, "sigaction");
  constexpr int kRestorer = 0x04000000;  // the C library's own
  expect((now.sa_flags & ~kRestorer) == flags && now.sa_sigaction == action.sa_sigaction,
         "action read back");
}

// Own faults in the midst of everything else.
void fault_on_purpose() {
  volatile bool came_back = false;
  if (sigsetjmp(bus_back, 1) == 0) {
    *static_cast<volatile char*>(short_file + kPage + 7) = 1;
    expect(false, "a page behind the end of a file was there");
  }
  came_back = true;
  if (sigsetjmp(segv_back, 1) == 0) {
    *static_cast<volatile char*>(forbidden + 9) = 1;
    expect(false, "a write to PROT_NONE went through");
  }
  expect(came_back, "way back");
}

void masks_read_back(unsigned thread) {
  sigset_t set;
  sigset_t before;
  sigset_t now;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigaddset(&set, SIGBUS);
  sigaddset(&set, SIGSYS);
  sigaddset(&set, thread % 2 == 0 ? SIGALRM : SIGPROF);
  expect(pthread_sigmask(SIG_SETMASK, &set, &before) == 0, "pthread_sigmask");
  expect(pthread_sigmask(SIG_BLOCK, nullptr, &now) == 0, "pthread_sigmask");
  for (int signal = 1; signal < 32; ++signal) {
    expect(sigismember(&set, signal) == sigismember(&now, signal), "mask read back",
           static_cast<std::uint64_t>(signal));
  }
  // Managed memory works while SIGBUS is blocked.
  look_at_pages(thread);
  expect(pthread_sigmask(SIG_SETMASK, &before, nullptr) == 0, "pthread_sigmask");
}

void work(unsigned thread) {
  const bool has_stack = thread % 2 == 0;
  stack_t stack = {};
  if (has_stack) {
    stack.ss_sp = map_pages(kStackPages);
    stack.ss_size = kStackPages * kPage;
    expect(sigaltstack(&stack, nullptr) == 0, "sigaltstack");
  }
  char* own = map_pages(kPages);
  std::uint64_t version = 0;
  while (!stop.load()) {
    ++version;
    for (std::size_t i = 0; i < kPages; ++i) {
      fill_page(own + i * kPage, i, version);
    }
    for (std::size_t i = 0; i < kPages; ++i) {
      expect(page_is(own + i * kPage, i, version), "own page", i);
    }
    if (sigsetjmp(alarm_back, 1) == 0) {
      may_jump = 1;
      pthread_kill(pthread_self(), SIGUSR2);
      may_jump = 0;
    }
    fault_on_purpose();
    masks_read_back(thread);
    if (has_stack) {
      stack_t now = {};
      expect(sigaltstack(nullptr, &now) == 0 && now.ss_sp == stack.ss_sp &&
                 now.ss_size == stack.ss_size,
             "alternate stack read back");
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  expect(argc == 2, "arguments: SECONDS");
  common = map_pages(kPages);
  for (std::size_t i = 0; i < kPages; ++i) {
    fill_page(common + i * kPage, i, 1);
  }
  const int file = memfd_create("short", 0);
  expect(file >= 0 && ftruncate(file, static_cast<off_t>(kPage)) == 0, "memfd");
  void* mapped = mmap(nullptr, 2 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
  expect(mapped != MAP_FAILED, "mmap");
  short_file = static_cast<char*>(mapped);
  forbidden = map_pages(1);
  forbidden[9] = 9;
  expect(mprotect(forbidden, kPage, PROT_NONE) == 0, "mprotect");

  handle<void (*)(int)>(SIGALRM, on_signal, SA_RESTART);
  handle(SIGPROF, on_signal_with_call, SA_RESTART | SA_ONSTACK);
  handle<void (*)(int)>(SIGUSR1, on_signal, SA_RESTART | SA_ONSTACK | SA_NODEFER);
  handle<void (*)(int)>(SIGUSR2, on_jump, 0);
  handle(SIGBUS, on_bus, 0);
  handle(SIGSEGV, on_segv, SA_ONSTACK);
  const itimerval every_ms = {{0, 1000}, {0, 1000}};
  expect(setitimer(ITIMER_REAL, &every_ms, nullptr) == 0, "setitimer");
  expect(setitimer(ITIMER_PROF, &every_ms, nullptr) == 0, "setitimer");

  std::thread threads[kThreads];
  for (unsigned thread = 0; thread < kThreads; ++thread) {
    threads[thread] = std::thread(work, thread);
  }
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(std::stol(argv[1]));
  for (std::size_t i = 0; std::chrono::steady_clock::now() < end; ++i) {
    pthread_kill(threads[i % kThreads].native_handle(), SIGUSR1);
    usleep(500);
  }
  stop.store(true);
  for (std::thread& thread : threads) {
    thread.join();
  }
  const itimerval never = {};
  setitimer(ITIMER_REAL, &never, nullptr);
  setitimer(ITIMER_PROF, &never, nullptr);
  expect(handled.load() > 100, "signals were handled", handled.load());
  std::puts("the storm is over");
  return 0;
}
