// SPDX-License-Identifier: GPL-2.0
// Corners of processes, threads and signals in which an emulator's own thread, stacks, handlers or
// system calls could show. process_edges CASE..: each in a child with remote pages, whose end is
// printed; "here CASE": in this process, whose end it is.
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "pages.h"

extern char** environ;

namespace {

constexpr std::size_t kPages = 200;
unsigned char* remote = nullptr;

// After it, all but the last pages are remote.
void push_out() {
  for (std::size_t i = 0; i < kPages; ++i) {
    remote[i * kPage] = static_cast<unsigned char>(i);
  }
}

void check_pages() {
  for (std::size_t i = 0; i < kPages; ++i) {
    expect(remote[i * kPage] == static_cast<unsigned char>(i), "a page kept its content", i);
  }
}

int status_of(pid_t child, int options = 0) {
  int status = 0;
  expect(waitpid(child, &status, options) == child, "waitpid");
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

// --- Threads that end, stacks

int raw_exit() {
  push_out();
  syscall(SYS_exit, 3);
  return 9;
}

int own_raw_exit() {
  // Outside of the C library.
  __asm__ volatile("syscall" : : "a"(SYS_exit), "D"(4) : "rcx", "r11", "memory");
  return 9;
}

int last_thread_is_another() {
  pthread_t thread{};
  pthread_create(
      &thread, nullptr,
      [](void*) -> void* {
        usleep(50'000);
        check_pages();
        return nullptr;
      },
      nullptr);
  push_out();
  pthread_exit(nullptr);
}

volatile int mark = 0;

int touch_stack(void* /*nothing*/) {
  volatile char block[20000];
  for (std::size_t i = 0; i < sizeof(block); i += 512) {
    block[i] = 1;
  }
  check_pages();
  mark = 7;
  return 0;
}

int shared_child(char* stack, std::size_t bytes, int flags) {
  push_out();
  mark = 0;
  const int child = clone(touch_stack, stack + bytes, flags, nullptr);
  const int status = status_of(child, __WALL);
  return status == 0 ? mark : status;
}

constexpr std::size_t kStack = std::size_t{64} << 10;

int child_on_heap() {
  return shared_child(static_cast<char*>(std::malloc(kStack)), kStack, CLONE_VM | SIGCHLD);
}

int child_on_mapping() {
  return shared_child(reinterpret_cast<char*>(map_pages(kStack / kPage)), kStack,
                      CLONE_VM | SIGCHLD);
}

int child_with_copy() {
  const int status = shared_child(static_cast<char*>(std::malloc(kStack)), kStack, SIGCHLD);
  return status == mark ? 0 : status;
}

int growing_down() {
  constexpr std::size_t kRoom = 256 + 32;
  constexpr std::size_t kFirst = 4;
  auto* const room = reinterpret_cast<char*>(map_pages(kRoom));
  munmap(room, kRoom * kPage);
  void* const top = mmap(room + (kRoom - kFirst) * kPage, kFirst * kPage, PROT_READ | PROT_WRITE,
                         MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN, -1, 0);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstack(&attributes, room + 256 * kPage, 32 * kPage);
  pthread_t thread{};
  expect(pthread_create(
             &thread, &attributes,
             [](void* begin) -> void* {
               for (std::size_t i = 0; i < 20; ++i) {
                 static_cast<volatile char*>(begin)[0 - i * kPage] = 1;
               }
               push_out();
               return nullptr;
             },
             top) == 0,
         "pthread_create");
  pthread_join(thread, nullptr);
  return 0;
}

void* small_stack_thread(void* /*nothing*/) {
  const pid_t child = vfork();
  if (child == 0) {
    execl("/bin/true", "true", nullptr);
    _exit(9);
  }
  std::printf("vfork on a small stack: %d\n", status_of(child));
  std::fflush(stdout);
  push_out();
  execl("/bin/echo", "echo", "exec from a small stack", nullptr);
  return nullptr;
}

int small_stack() {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, PTHREAD_STACK_MIN);
  pthread_t thread{};
  expect(pthread_create(&thread, &attributes, small_stack_thread, nullptr) == 0, "pthread_create");
  pthread_join(thread, nullptr);
  return 9;
}

int initialised = 5;
char early_stack[64 << 10];  // begins on the page on which .data ends
volatile int handled = 0;

void count_on_stack(int /*signal*/) {
  volatile char block[8000];
  block[77] = 1;
  handled = handled + block[77];
}

int stack_in_bss() {
  ++initialised;
  push_out();
  const stack_t stack{early_stack, 0, sizeof(early_stack)};
  expect(sigaltstack(&stack, nullptr) == 0, "sigaltstack");
  struct sigaction action {};
  action.sa_handler = count_on_stack;
  action.sa_flags = SA_ONSTACK;
  sigaction(SIGUSR1, &action, nullptr);
  for (int i = 0; i < 3; ++i) {
    raise(SIGUSR1);
    push_out();
  }
  return handled;
}

// --- exec

int bad_environment() {
  push_out();
  char* const words[] = {const_cast<char*>("true"), nullptr};
  auto* const nowhere = reinterpret_cast<char**>(8);
  int wrong = 0;
  wrong += execve("/bin/true", words, nowhere) == -1 && errno == EFAULT ? 0 : 1;
  char* bad[] = {reinterpret_cast<char*>(8), nullptr};
  wrong += execve("/bin/true", words, bad) == -1 && errno == EFAULT ? 0 : 2;
  // An array that goes on behind the last page.
  auto* const page = reinterpret_cast<char*>(map_pages(2));
  munmap(page + kPage, kPage);
  auto** const edge = reinterpret_cast<char**>(page + kPage) - 1;
  *edge = const_cast<char*>("A=b");
  wrong += execve("/bin/true", words, edge) == -1 && errno == EFAULT ? 0 : 4;
  wrong += execve(reinterpret_cast<char*>(8), words, environ) == -1 && errno == EFAULT ? 0 : 8;
  return wrong;
}

int exec_of_fifo() {
  const std::string name = "fifo-" + std::to_string(getpid());
  expect(mkfifo(name.c_str(), 0700) == 0, "mkfifo");
  execl(name.c_str(), "fifo", nullptr);
  const int error = errno;
  unlink(name.c_str());
  return error;
}

int exec_of_descriptor() {
  const int file = open("/bin/true", O_RDONLY | O_CLOEXEC);
  char* const words[] = {const_cast<char*>("true"), nullptr};
  push_out();
  fexecve(file, words, environ);
  return 9;
}

// --- Signals of the agent's that are the program's own

volatile int caught = 0;
volatile int caught_code = 0;

void catch_one(int signal, siginfo_t* info, void* /*context*/) {
  caught = caught * 100 + signal;
  caught_code = info->si_code;
}

void handle(int signal, int flags = 0) {
  struct sigaction action {};
  action.sa_sigaction = catch_one;
  action.sa_flags = SA_SIGINFO | flags;
  expect(sigaction(signal, &action, nullptr) == 0, "sigaction");
}

sigset_t set_of(int signal) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  return set;
}

int sent_while_blocked(int signal) {
  handle(signal);
  const sigset_t set = set_of(signal);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  kill(getpid(), signal);
  push_out();
  sigset_t pending;
  sigpending(&pending);
  std::printf("signal %d: pending %d, caught %d;", signal, sigismember(&pending, signal), caught);
  siginfo_t info{};
  const timespec now{};
  const int waited = sigtimedwait(&set, &info, &now);
  std::printf(" waited for %d, from here %d;", waited, info.si_pid == getpid());
  pthread_kill(pthread_self(), signal);
  push_out();
  std::printf(" caught %d;", caught);
  sigprocmask(SIG_UNBLOCK, &set, nullptr);
  std::printf(" unblocked: caught %d, code %d\n", caught, caught_code);
  std::fflush(stdout);
  check_pages();
  return 0;
}

int real_while_blocked() {
  handle(SIGBUS);
  const int file = open(".", O_TMPFILE | O_RDWR, 0600);
  expect(file >= 0, "O_TMPFILE");
  auto* const mapped = static_cast<volatile char*>(
      mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0));
  const sigset_t set = set_of(SIGBUS);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  push_out();
  mapped[0] = 1;
  return 9;
}

int blocked_in_handler(int signal) {
  static int nested = 0;
  struct sigaction action {};
  static int own = 0;
  own = signal;
  action.sa_handler = [](int) {
    nested = nested * 10 + 1;
    if (nested == 1) {
      raise(own);
      push_out();
      nested = nested * 10 + 2;
    }
  };
  expect(sigaction(signal, &action, nullptr) == 0, "sigaction");
  raise(signal);
  return nested == 121 ? 0 : nested;
}

int suspended(int signal) {
  handle(signal);
  sigset_t set = set_of(signal);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  raise(signal);
  push_out();
  sigset_t none;
  sigemptyset(&none);
  sigsuspend(&none);
  sigset_t now;
  sigprocmask(SIG_SETMASK, nullptr, &now);
  return caught == signal && sigismember(&now, signal) == 1 ? 0 : caught + 1;
}

// --- Filters

int install(const std::array<int, 16>& allowed, unsigned otherwise, unsigned flags) {
  std::array<sock_filter, 64> program{};
  unsigned short count = 0;
  program[count++] = BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr));
  for (const int number : allowed) {
    program[count++] = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(number), 0, 1);
    program[count++] = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  }
  program[count++] = BPF_STMT(BPF_RET | BPF_K, otherwise);
  const sock_fprog filter{count, program.data()};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  return static_cast<int>(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &filter));
}

int few_calls(unsigned flags) {
  push_out();
  expect(install({SYS_read, SYS_write, SYS_exit, SYS_exit_group, SYS_brk, SYS_mmap, SYS_munmap,
                  SYS_rt_sigreturn, SYS_rt_sigprocmask, SYS_fstat, SYS_newfstatat, SYS_futex,
                  SYS_getrandom},
                 SECCOMP_RET_KILL_PROCESS, flags) == 0,
         "seccomp");
  push_out();
  check_pages();
  auto* const more = static_cast<char*>(std::malloc(8 << 20));
  std::memset(more, 1, 8 << 20);
  check_pages();
  std::puts("filtered");
  std::exit(6);
}

int asks_for_filters() {
  push_out();
  int wrong =
      syscall(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 1, nullptr) == -1 && errno == EINVAL ? 0 : 1;
  wrong +=
      syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, nullptr) == -1 &&
              errno == EFAULT
          ? 0
          : 2;
  wrong += prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, nullptr) == -1 && errno == EFAULT ? 0 : 4;
  const unsigned action = SECCOMP_RET_LOG;
  wrong += syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0 ? 0 : 8;
  push_out();
  check_pages();
  return wrong;
}

int strictly() {
  push_out();
  expect(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) == 0, "strict");
  check_pages();
  syscall(SYS_exit, 5);
  return 9;
}

// --- What the kernel refuses to processes with several threads

// The program limits itself: it gets as much as it asked for, and is told that.
int own_limit(__rlimit_resource what) {
  constexpr std::size_t kMiB = std::size_t{1} << 20;
  const rlimit limit{512 * kMiB, 512 * kMiB};
  rlimit seen{};
  push_out();
  expect(setrlimit(what, &limit) == 0, "setrlimit");
  expect(getrlimit(what, &seen) == 0 && seen.rlim_cur == limit.rlim_cur &&
             seen.rlim_max == limit.rlim_max,
         "the limit is the one that was set");
  const auto map = [](std::size_t bytes) {
    return mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  };
  expect(map(100 * kMiB) != MAP_FAILED, "what is below the limit is given");
  expect(map(600 * kMiB) == MAP_FAILED && errno == ENOMEM, "what is above it is not");
  pthread_t thread{};
  const int made = pthread_create(
      &thread, nullptr, [](void*) -> void* { return nullptr; }, nullptr);
  expect(made == 0, "a thread starts");
  pthread_join(thread, nullptr);
  if (const pid_t child = fork(); child == 0) {
    getrlimit(what, &seen);
    check_pages();
    _exit(seen.rlim_cur == limit.rlim_cur ? 5 : 6);
  } else {
    expect(status_of(child) == 5, "a child has the same limit");
  }
  const rlimit higher{600 * kMiB, 600 * kMiB};
  const rlimit wrong{2, 1};
  expect(setrlimit(what, &wrong) == -1 && errno == EINVAL, "one above the other is refused");
  expect(
      syscall(SYS_prlimit64, 0, what, reinterpret_cast<void*>(8), nullptr) == -1 && errno == EFAULT,
      "a bad pointer is refused");
  const int raised = prlimit(0, what, &higher, &seen);
  check_pages();
  getrlimit(what, &seen);
  // Raising it needs a right.
  const bool right = seen.rlim_cur == (raised == 0 ? higher : limit).rlim_cur;
  return right ? 2 + raised : 9;
}

int user_namespace() {
  push_out();
  const int result = unshare(CLONE_NEWUSER) == 0 ? 0 : errno;
  push_out();
  check_pages();
  const pid_t child = fork();
  if (child == 0) {
    check_pages();
    _exit(0);
  }
  return result + status_of(child);
}

int mount_namespace() {
  const int own = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
  const int result = setns(own, CLONE_NEWNS) == 0 ? 0 : errno;
  push_out();
  check_pages();
  return result;
}

char selector = 0;

int dispatches_itself() {
  push_out();
  constexpr int kSetDispatch = 59;
  int wrong = prctl(kSetDispatch, 0, 0, 0, 0) == 0 ? 0 : 1;
  wrong += prctl(kSetDispatch, 1, 0, 0, &selector) == 0 ? 0 : 2;
  check_pages();
  wrong += prctl(kSetDispatch, 0, 0, 0, 0) == 0 ? 0 : 4;
  return wrong;
}

// A thread with descriptors of its own, onto whatever numbers an agent may have.
int own_descriptors_of_thread() {
  pthread_t thread{};
  pthread_create(
      &thread, nullptr,
      [](void*) -> void* {
        expect(unshare(CLONE_FILES) == 0, "unshare");
        for (int to = 990; to < 1010; ++to) {
          expect(dup2(1, to) == to, "dup2");
          close(to);
        }
        push_out();
        return nullptr;
      },
      nullptr);
  pthread_join(thread, nullptr);
  push_out();
  check_pages();
  return 0;
}

struct Case {
  const char* name;
  int (*run)();
};

constexpr Case kCases[] = {
    {"raw-exit", raw_exit},
    {"own-raw-exit", own_raw_exit},
    {"last-thread", last_thread_is_another},
    {"child-on-heap", child_on_heap},
    {"child-on-mapping", child_on_mapping},
    {"child-with-copy", child_with_copy},
    {"growing-down", growing_down},
    {"small-stack", small_stack},
    {"stack-in-bss", stack_in_bss},
    {"bad-environment", bad_environment},
    {"exec-of-fifo", exec_of_fifo},
    {"exec-of-descriptor", exec_of_descriptor},
    {"sent-bus", [] { return sent_while_blocked(SIGBUS); }},
    {"sent-sys", [] { return sent_while_blocked(SIGSYS); }},
    {"real-bus", real_while_blocked},
    {"nested-bus", [] { return blocked_in_handler(SIGBUS); }},
    {"nested-sys", [] { return blocked_in_handler(SIGSYS); }},
    {"suspended-bus", [] { return suspended(SIGBUS); }},
    {"suspended-sys", [] { return suspended(SIGSYS); }},
    {"few-calls", [] { return few_calls(0); }},
    {"few-calls-all", [] { return few_calls(SECCOMP_FILTER_FLAG_TSYNC); }},
    {"asks-for-filters", asks_for_filters},
    {"strict", strictly},
    {"user-namespace", user_namespace},
    {"limit-of-addresses", [] { return own_limit(RLIMIT_AS); }},
    {"limit-of-data", [] { return own_limit(RLIMIT_DATA); }},
    {"mount-namespace", mount_namespace},
    {"dispatch", dispatches_itself},
    {"descriptors-of-thread", own_descriptors_of_thread},
};

int run(const std::string& name) {
  for (const Case& one : kCases) {
    if (name == one.name) {
      return one.run();
    }
  }
  return 99;
}

}  // namespace

int main(int count, char** arguments) {
  remote = reinterpret_cast<unsigned char*>(map_pages(kPages));
  push_out();
  if (std::string(arguments[1]) == "here") {
    return run(arguments[2]);
  }
  for (int i = 1; i < count; ++i) {
    std::fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
      std::exit(run(arguments[i]));
    }
    std::printf("%s: %d\n", arguments[i], status_of(child));
  }
  return 0;
}
