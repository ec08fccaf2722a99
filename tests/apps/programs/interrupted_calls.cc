// SPDX-License-Identifier: GPL-2.0
// Threads wait in system calls of many kinds until a file appears: interrupted_calls STOP-FILE
// PROGRESS-FILE. None may see an interruption, and none may return before its time. Another thread
// keeps known values in all its registers. The number of finished waits goes to the progress file,
// as text.
#include <linux/futex.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kWait = std::chrono::milliseconds(300);
constexpr timespec kWaitSpec{0, 300'000'000};
constexpr int kWaitMilliseconds = 300;

std::atomic<bool> stop = false;
std::atomic<std::uint64_t> waits = 0;

[[noreturn]] void wrong(const char* what, int code) {
  std::printf("%s: %s\n", what, std::strerror(code));
  std::fflush(stdout);
  std::_Exit(1);
}

void expect(bool holds, const char* what, int code = errno) {
  if (!holds) {
    wrong(what, code);
  }
}

// A pipe to which nobody writes.
int silent() {
  int ends[2];
  expect(::pipe(ends) == 0, "pipe");
  return ends[0];
}

// Repeats `wait`, which must last for kWait at least.
template <class Wait>
void repeat(const char* what, Wait wait) {
  while (!stop.load()) {
    const auto begin = Clock::now();
    wait();
    expect(Clock::now() - begin >= kWait, what, ETIME);
    waits.fetch_add(1);
  }
}

void in_nanosleep() {
  repeat("nanosleep", [] { expect(::nanosleep(&kWaitSpec, nullptr) == 0, "nanosleep"); });
}

void in_poll() {
  pollfd entry{silent(), POLLIN, 0};
  repeat("poll", [&] { expect(::poll(&entry, 1, kWaitMilliseconds) == 0, "poll"); });
}

void in_ppoll() {
  pollfd entry{silent(), POLLIN, 0};
  sigset_t mask;
  sigemptyset(&mask);
  sigaddset(&mask, SIGUSR2);
  repeat("ppoll", [&] { expect(::ppoll(&entry, 1, &kWaitSpec, &mask) == 0, "ppoll"); });
}

void in_select() {
  const int quiet = silent();
  repeat("select", [&] {
    fd_set set;
    FD_ZERO(&set);
    FD_SET(quiet, &set);
    timeval time{0, 300'000};
    expect(::select(quiet + 1, &set, nullptr, nullptr, &time) == 0, "select");
  });
}

void in_epoll_wait() {
  const int epoll = ::epoll_create1(0);
  epoll_event event{EPOLLIN, {}};
  expect(::epoll_ctl(epoll, EPOLL_CTL_ADD, silent(), &event) == 0, "epoll_ctl");
  repeat("epoll_wait",
         [&] { expect(::epoll_wait(epoll, &event, 1, kWaitMilliseconds) == 0, "epoll_wait"); });
}

void in_recv() {
  int ends[2];
  expect(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0, "socketpair");
  const timeval time{0, 300'000};
  expect(::setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time) == 0, "setsockopt");
  char byte = 0;
  // The kernel counts this time in ticks, so it may be a little short.
  while (!stop.load()) {
    expect(::recv(ends[0], &byte, 1, 0) == -1 && errno == EAGAIN, "recv");
    waits.fetch_add(1);
  }
}

void in_futex() {
  static int word = 0;
  repeat("futex", [] {
    const long result = ::syscall(SYS_futex, &word, FUTEX_WAIT, 0, &kWaitSpec, nullptr, 0);
    expect(result == -1 && errno == ETIMEDOUT, "futex");
  });
}

void in_sigtimedwait() {
  sigset_t mask;
  sigemptyset(&mask);
  sigaddset(&mask, SIGRTMIN + 3);
  pthread_sigmask(SIG_BLOCK, &mask, nullptr);
  repeat("sigtimedwait", [&] {
    expect(::sigtimedwait(&mask, nullptr, &kWaitSpec) == -1 && errno == EAGAIN, "sigtimedwait");
  });
}

void in_read() {
  int ends[2];
  expect(::pipe(ends) == 0, "pipe");
  std::thread writer([end = ends[1]] {
    for (unsigned char next = 0; !stop.load(); ++next) {
      std::this_thread::sleep_for(kWait);
      expect(::write(end, &next, 1) == 1, "write");
    }
    ::close(end);
  });
  unsigned char byte = 0;
  for (unsigned char next = 0;; ++next) {
    const ssize_t count = ::read(ends[0], &byte, 1);
    if (count == 0) {
      break;
    }
    expect(count == 1 && byte == next, "read");
    waits.fetch_add(1);
  }
  writer.join();
}

void in_waitpid() {
  while (!stop.load()) {
    const pid_t child = ::vfork();
    if (child == 0) {
      ::execl("/bin/true", "true", nullptr);
      ::_exit(1);
    }
    int status = 0;
    expect(::waitpid(child, &status, 0) == child && status == 0, "waitpid");
    waits.fetch_add(1);
  }
}

// Loads registers with known values, spins, and compares them.
bool registers_hold() {
  unsigned long difference = 0;
  __asm__ volatile(
      "mov $0x11, %%rbx; mov $0x22, %%rcx; mov $0x33, %%rdx; mov $0x44, %%rsi; mov $0x55, %%rdi\n\t"
      "mov $0x88, %%r8; mov $0x99, %%r9; mov $0xaa, %%r10; mov $0xbb, %%r11; mov $0xcc, %%r12\n\t"
      "mov $0xdd, %%r13; mov $0xee, %%r14; movq %%rbx, %%xmm0; movq %%r14, %%xmm15\n\t"
      "mov $200000, %%eax\n"
      "1: dec %%eax; jnz 1b\n\t"
      "xor $0x11, %%rbx; or %%rbx, %%rax; xor $0x22, %%rcx; or %%rcx, %%rax\n\t"
      "xor $0x33, %%rdx; or %%rdx, %%rax; xor $0x44, %%rsi; or %%rsi, %%rax\n\t"
      "xor $0x55, %%rdi; or %%rdi, %%rax; xor $0x88, %%r8; or %%r8, %%rax\n\t"
      "xor $0x99, %%r9; or %%r9, %%rax; xor $0xaa, %%r10; or %%r10, %%rax\n\t"
      "xor $0xbb, %%r11; or %%r11, %%rax; xor $0xcc, %%r12; or %%r12, %%rax\n\t"
      "xor $0xdd, %%r13; or %%r13, %%rax; xor $0xee, %%r14; or %%r14, %%rax\n\t"
      "movq %%xmm0, %%rbx; xor $0x11, %%rbx; or %%rbx, %%rax\n\t"
      "movq %%xmm15, %%rbx; xor $0xee, %%rbx; or %%rbx, %%rax"
      : "=a"(difference)
      :
      : "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "xmm0",
        "xmm15", "cc");
  return difference == 0;
}

void in_user_mode() {
  while (!stop.load()) {
    expect(registers_hold(), "registers", 0);
    waits.fetch_add(1);
  }
}

}  // namespace

int main(int argc, char** argv) {
  expect(argc == 3, "arguments: STOP-FILE PROGRESS-FILE", EINVAL);
  // An injector that stops threads by breakpoints would reset this.
  std::signal(SIGTRAP, SIG_IGN);
  std::vector<std::thread> threads;
  for (void (*const work)() : {in_nanosleep, in_poll, in_ppoll, in_select, in_epoll_wait, in_recv,
                               in_futex, in_sigtimedwait, in_read, in_waitpid, in_user_mode}) {
    threads.emplace_back(work);
  }
  while (::access(argv[1], F_OK) != 0) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    std::ofstream(argv[2]) << waits.load() << '\n';
  }
  stop.store(true);
  for (std::thread& thread : threads) {
    thread.join();
  }
  struct sigaction action {};
  expect(::sigaction(SIGTRAP, nullptr, &action) == 0 && action.sa_handler == SIG_IGN, "SIGTRAP", 0);
  std::puts("no wait was interrupted");
  return 0;
}
