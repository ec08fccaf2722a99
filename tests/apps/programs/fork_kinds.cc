// SPDX-License-Identifier: GPL-2.0
// A child finds what its parent had, however it was made and whatever the process may do by then:
// fork_kinds FORKS, as many of each kind.
//
// Each kind is a process of its own, because what it gives up cannot be had back. Pages are read by
// the child that lie far back, are read-only, inaccessible, or to be wiped.
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>

#include "pages.h"

namespace {

constexpr std::size_t kPages = 24;
constexpr std::size_t kOthers = 160;  // more than may be local
constexpr std::size_t kReadOnly = 3;
constexpr std::size_t kInaccessible = 5;
constexpr std::size_t kExecutable = 7;
constexpr std::uint64_t kVersion = 5;

char* region;
char* wiped;
char* left_out;
char* others;

void rights(std::size_t page, int wanted) {
  expect(mprotect(region + page * kPage, kPage, wanted) == 0, "mprotect", page);
}

void push_out() {
  for (std::size_t i = 0; i < kOthers; ++i) {
    others[i * kPage] = static_cast<char>(i);
  }
}

void prepare() {
  region = map_pages(kPages);
  wiped = map_pages(2);
  left_out = map_pages(2);
  others = map_pages(kOthers);
  for (std::size_t i = 0; i < kPages; ++i) {
    fill_page(region + i * kPage, i, kVersion);
  }
  for (std::size_t i = 0; i < 2; ++i) {
    fill_page(wiped + i * kPage, i, kVersion);
    fill_page(left_out + i * kPage, i, kVersion);
  }
  expect(madvise(wiped, 2 * kPage, MADV_WIPEONFORK) == 0, "MADV_WIPEONFORK");
  expect(madvise(left_out, 2 * kPage, MADV_DONTFORK) == 0, "MADV_DONTFORK");
  push_out();
  rights(kReadOnly, PROT_READ);
  rights(kInaccessible, PROT_NONE);
  rights(kExecutable, PROT_READ | PROT_EXEC);
}

/// 7 if all is right, else where it is not.
int look() {
  rights(kInaccessible, PROT_READ);
  for (std::size_t i = 0; i < kPages; ++i) {
    if (!page_is(region + i * kPage, i, kVersion)) {
      return 20 + static_cast<int>(i);
    }
  }
  if (!page_is_zero(wiped) || !page_is_zero(wiped + kPage)) {
    return 8;
  }
  // What takes the place of memory that was left out begins with zeros.
  void* const again = mmap(left_out, 2 * kPage, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  if (again != left_out || !page_is_zero(left_out) || !page_is_zero(left_out + kPage)) {
    return 9;
  }
  return 7;
}

volatile sig_atomic_t handled = 0;
void on_signal(int /*signal*/) {
  handled = 1;
}

enum class How { kFork, kRawFork, kRawClone, kClone3, kOwnClone3, kNoHandlers, kSharedFiles };

long own_system_call(long number, long first, long second) {
  long result = number;
  __asm__ volatile("syscall" : "+a"(result) : "D"(first), "S"(second) : "rcx", "r11", "memory");
  return result;
}

pid_t make_child(How how) {
  clone_args arguments = {};
  arguments.exit_signal = SIGCHLD;
  switch (how) {
    case How::kFork:
      return fork();
    case How::kRawFork:
      return static_cast<pid_t>(syscall(SYS_fork));
    case How::kRawClone:
      return static_cast<pid_t>(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
    case How::kNoHandlers:
      arguments.flags = std::uint64_t{1} << 32;  // CLONE_CLEAR_SIGHAND
      [[fallthrough]];
    case How::kClone3:
      return static_cast<pid_t>(syscall(SYS_clone3, &arguments, sizeof arguments));
    case How::kOwnClone3:
      return static_cast<pid_t>(
          own_system_call(SYS_clone3, reinterpret_cast<long>(&arguments), sizeof arguments));
    case How::kSharedFiles:
      return static_cast<pid_t>(syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0));
  }
  return -1;
}

int live_as_child(How how) {
  if (how == How::kNoHandlers) {
    return raise(SIGUSR1) == 0 ? 6 : 5;  // dies of it
  }
  raise(SIGUSR1);
  if (handled != 1) {
    return 4;
  }
  const int found = look();
  if (found != 7 || how != How::kFork) {
    return found;
  }
  push_out();
  const pid_t grandchild = fork();
  if (grandchild == 0) {
    _exit(page_is(region, 0, kVersion) ? 7 : 3);
  }
  int status = 0;
  waitpid(grandchild, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}

void repeat(const char* name, unsigned forks, How how) {
  unsigned right = 0;
  for (unsigned i = 0; i < forks; ++i) {
    push_out();
    const pid_t child = make_child(how);
    if (child == 0) {
      _exit(live_as_child(how));
    }
    int status = 0;
    expect(child > 0 && waitpid(child, &status, 0) == child, name, i);
    const int wanted = how == How::kNoHandlers ? SIGUSR1 : 7 << 8;
    if (status != wanted && right == i) {
      std::printf("%s: child %u ended with %x\n", name, i, static_cast<unsigned>(status));
    }
    right += status == wanted ? 1 : 0;
    expect(page_is(region + kPage, 1, kVersion) && page_is(left_out, 0, kVersion), "parent");
  }
  std::printf("%s: %u of %u right\n", name, right, forks);
  std::fflush(stdout);
}

void limit(int what, rlim_t most) {
  const rlimit wanted = {most, most};
  expect(setrlimit(what, &wanted) == 0, "setrlimit", most);
}

struct Kind {
  const char* name;
  How how;
  void (*give_up)();
};

const Kind kKinds[] = {
    {"fork", How::kFork, [] {}},
    {"raw fork", How::kRawFork, [] {}},
    {"raw clone", How::kRawClone, [] {}},
    {"clone3", How::kClone3, [] {}},
    {"clone3 by an instruction of its own", How::kOwnClone3, [] {}},
    {"clone3 without handlers", How::kNoHandlers, [] {}},
    {"clone with shared descriptors", How::kSharedFiles, [] {}},
    {"another user", How::kFork, [] { expect(geteuid() != 0 || setuid(65534) == 0, "setuid"); }},
    {"another user, clone3", How::kClone3,
     [] { expect(geteuid() != 0 || setuid(65534) == 0, "setuid"); }},
    {"not dumpable", How::kFork, [] { prctl(PR_SET_DUMPABLE, 0); }},
    {"no new privileges", How::kFork, [] { prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); }},
    {"no descriptors", How::kFork, [] { limit(RLIMIT_NOFILE, 0); }},
    {"three descriptors", How::kFork, [] { limit(RLIMIT_NOFILE, 3); }},
    {"no locked memory", How::kFork, [] { limit(RLIMIT_MEMLOCK, 0); }},
};

}  // namespace

int main(int argc, char** argv) {
  expect(argc == 2, "arguments: FORKS");
  const auto forks = static_cast<unsigned>(std::stoul(argv[1]));
  signal(SIGUSR1, on_signal);
  for (const Kind& kind : kKinds) {
    const pid_t process = fork();
    if (process == 0) {
      prepare();
      kind.give_up();
      repeat(kind.name, forks, kind.how);
      _exit(0);
    }
    int status = 0;
    expect(waitpid(process, &status, 0) == process && status == 0, kind.name,
           static_cast<std::uint64_t>(status));
  }
  return 0;
}
