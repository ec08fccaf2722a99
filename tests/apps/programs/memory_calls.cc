// SPDX-License-Identifier: GPL-2.0
// Every advice and every call that changes a mapping, on pages that lie far back: what each answers
// and what the program, a child and the kernel read afterwards. memory_calls
//
// Numbers are those of the kernel up to Linux 7.3; the headers may be older. Where the kernel may
// do one thing or the other (MADV_FREE, MADV_COLLAPSE), either is right.
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csetjmp>
#include <csignal>
#include <cstring>
#include <string>

#include "pages.h"

namespace {

constexpr std::size_t kPages = 8;
constexpr std::size_t kOthers = 160;
constexpr std::uint64_t kVersion = 3;
constexpr int kFree = 8;
constexpr int kCollapse = 25;
constexpr int kGuardInstall = 102;
constexpr int kGuardRemove = 103;
constexpr long kProcessMadvise = 440;
constexpr long kSeal = 462;

char* others;
sigjmp_buf back;

void push_out() {
  for (int round = 0; round < 2; ++round) {
    for (std::size_t i = 0; i < kOthers; ++i) {
      others[i * kPage] = static_cast<char>(i);
    }
  }
}

void on_fault(int signal) {
  siglongjmp(back, signal);
}

char* painted(std::size_t pages = kPages) {
  char* const memory = map_pages(pages);
  for (std::size_t i = 0; i < pages; ++i) {
    fill_page(memory + i * kPage, i, kVersion);
  }
  push_out();
  return memory;
}

/// What is read at a page: its content, zeros, something else, or a signal.
const char* seen(const char* memory, std::size_t page) {
  if (const int signal = sigsetjmp(back, 1); signal != 0) {
    return signal == SIGSEGV ? "SIGSEGV" : "SIGBUS";
  }
  const char* const at = memory + page * kPage;
  return page_is(at, page, kVersion) ? "kept" : page_is_zero(at) ? "zero" : "OTHER";
}

/// The same, as the kernel reads it.
const char* seen_by_kernel(const char* memory, std::size_t page) {
  int ends[2];
  static char copy[kPage];
  expect(pipe(ends) == 0, "pipe");
  errno = 0;
  const bool written = write(ends[1], memory + page * kPage, kPage) == kPage;
  const bool fault = errno == EFAULT;
  const bool read_back = written && read(ends[0], copy, kPage) == kPage;
  close(ends[0]);
  close(ends[1]);
  return !written    ? (fault ? "EFAULT" : "ERROR")
         : read_back ? seen(copy - page * kPage, page)
                     : "?";
}

void in_child(const char* memory, std::size_t page) {
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    std::printf(" child %s", seen(memory, page));
    std::fflush(stdout);
    _exit(0);
  }
  waitpid(child, nullptr, 0);
}

void report(const char* what, int advice, long result, const char* memory, bool either) {
  const int error = result < 0 ? errno : 0;
  if (either) {
    const std::string now = seen(memory, 1);
    std::printf("%s %d: %s\n", what, advice, now == "OTHER" ? "OTHER" : "kept or zero");
    return;
  }
  std::printf("%s %d: %ld %d", what, advice, result, error);
  std::printf(" kernel %s", seen_by_kernel(memory, 2));
  in_child(memory, 3);
  for (std::size_t i = 0; i < kPages; ++i) {
    std::printf(" %s", seen(memory, i));
  }
  std::printf("\n");
}

bool is_either(int advice) {
  return advice == kFree || advice == kCollapse;
}

/// Pages 1 to 5 of a mapping of 8.
void advise(int advice) {
  char* memory = painted();
  report("madvise", advice, madvise(memory + kPage, 5 * kPage, advice), memory, is_either(advice));
  munmap(memory, kPages * kPage);

  memory = painted();
  const int process = static_cast<int>(syscall(SYS_pidfd_open, getpid(), 0));
  iovec ranges[] = {{memory + kPage, 2 * kPage}, {memory + 4 * kPage, kPage}};
  errno = 0;
  report("process_madvise", advice, syscall(kProcessMadvise, process, ranges, 2UL, advice, 0U),
         memory, is_either(advice));
  close(process);
  munmap(memory, kPages * kPage);

  // With a hole in it: done to the rest, and ENOMEM.
  memory = painted();
  munmap(memory + 3 * kPage, kPage);
  errno = 0;
  const int result = madvise(memory + kPage, 5 * kPage, advice);
  if (!is_either(advice)) {
    std::printf("with a hole %d: %d %d %s %s %s %s\n", advice, result, errno, seen(memory, 1),
                seen(memory, 2), seen(memory, 4), seen(memory, 6));
  }
  munmap(memory, kPages * kPage);

  // Twice, from new content.
  memory = painted();
  madvise(memory, kPages * kPage, advice);
  if (advice != kGuardInstall) {
    fill_page(memory + kPage, 1, kVersion);
  }
  push_out();
  const char* const now = seen(memory, 1);
  std::printf("written after %d: %s\n", advice, is_either(advice) ? "either" : now);
  munmap(memory, kPages * kPage);
}

void guards() {
  char* memory = painted();
  std::printf("guard: %d", madvise(memory + kPage, 3 * kPage, kGuardInstall));
  std::printf(" %s %s %s %s", seen(memory, 0), seen(memory, 1), seen(memory, 3), seen(memory, 4));
  push_out();
  std::printf(" dropped %d %s", madvise(memory, 4 * kPage, MADV_DONTNEED), seen(memory, 2));
  std::printf(" populated %d", madvise(memory, 4 * kPage, MADV_POPULATE_READ));
  std::printf(" %s", seen_by_kernel(memory, 2));
  memory = static_cast<char*>(mremap(memory, kPages * kPage, 2 * kPages * kPage, MREMAP_MAYMOVE));
  std::printf(" grown %s %s", seen(memory, 2), seen_by_kernel(memory, 3));
  std::printf(" removed %d", madvise(memory + 2 * kPage, kPage, kGuardRemove));
  std::printf(" %s %s %s\n", seen(memory, 1), seen(memory, 2), seen(memory, 3));
  munmap(memory + kPage, kPage);
  void* const again = mmap(memory + kPage, kPage, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  std::printf("mapped over a guard: %d %s\n", again == memory + kPage, seen_by_kernel(memory, 1));
  munmap(memory, 2 * kPages * kPage);
}

void moves() {
  static const int kFlags[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  for (const int flags : kFlags) {
    char* const memory = painted();
    char* const target = painted();
    errno = 0;
    void* const at = mremap(memory, kPages * kPage, 4 * kPage, flags, target);
    std::printf("mremap %d: %s %d", flags,
                at == MAP_FAILED ? "failed"
                : at == target   ? "target"
                : at == memory   ? "same"
                                 : "other",
                at == MAP_FAILED ? errno : 0);
    std::printf(" %s %s", seen(memory, 1), seen(target, 1));
    if (at != MAP_FAILED) {
      std::printf(" %s", seen(static_cast<char*>(at), 2));
    }
    std::printf("\n");
    munmap(memory, kPages * kPage);
    munmap(target, kPages * kPage);
    if (at != MAP_FAILED) {
      munmap(at, 4 * kPage);
    }
  }
}

void replaced_by_a_segment() {
  char* const memory = painted();
  const int segment = shmget(IPC_PRIVATE, 3 * kPage, 0600);
  void* const at = shmat(segment, memory + kPage, SHM_REMAP);
  shmctl(segment, IPC_RMID, nullptr);
  std::printf("segment: %d", at == memory + kPage);
  for (std::size_t i = 0; i < 5; ++i) {
    std::printf(" %s", seen(memory, i));
  }
  shmdt(memory + kPage);
  void* const again = mmap(memory + kPage, 3 * kPage, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  std::printf(" %d %s %s\n", again == memory + kPage, seen(memory, 2), seen(memory, 3));
  munmap(memory, kPages * kPage);
}

void own_memory() {
  char* const memory = painted();
  char* const copy = painted();
  std::memset(copy, 0, kPages * kPage);
  push_out();
  const iovec local = {copy, kPages * kPage};
  const iovec other = {memory, kPages * kPage};
  std::printf("read %zd", process_vm_readv(getpid(), &local, 1, &other, 1, 0));
  std::printf(" %s %s", seen(copy, 0), seen(copy, 7));
  std::memset(memory, 0, kPages * kPage);
  push_out();
  std::printf(" write %zd", process_vm_writev(getpid(), &local, 1, &other, 1, 0));
  std::printf(" %s %s\n", seen(memory, 1), seen(memory, 6));
  munmap(memory, kPages * kPage);
  munmap(copy, kPages * kPage);
}

void sealed() {
  char* const memory = painted();
  errno = 0;
  if (syscall(kSeal, memory, kPages * kPage, 0UL) != 0 && errno == ENOSYS) {
    return;
  }
  push_out();
  errno = 0;
  const int unmapped = munmap(memory, kPage);
  const int refused = errno;
  std::printf("sealed: munmap %d %d", unmapped, refused);
  std::printf(" mprotect %d", mprotect(memory, kPage, PROT_READ));
  std::printf(" %s %s\n", seen(memory, 0), seen(memory, 5));
}

void kinds_of_mappings() {
  constexpr int kDroppable = 0x08;
  static const int kFlags[] = {MAP_PRIVATE,
                               MAP_SHARED,
                               MAP_PRIVATE | MAP_POPULATE,
                               MAP_PRIVATE | MAP_LOCKED,
                               MAP_PRIVATE | MAP_STACK,
                               MAP_PRIVATE | MAP_GROWSDOWN,
                               MAP_PRIVATE | MAP_NORESERVE,
                               MAP_PRIVATE | MAP_32BIT,
                               MAP_PRIVATE | MAP_STACK | MAP_GROWSDOWN,
                               kDroppable};
  for (const int flags : kFlags) {
    errno = 0;
    void* const at =
        mmap(nullptr, kPages * kPage, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) {
      std::printf("mmap %x: %d\n", static_cast<unsigned>(flags), errno);
      continue;
    }
    char* const memory = static_cast<char*>(at);
    for (std::size_t i = 0; i + 1 < kPages; ++i) {
      fill_page(memory + i * kPage, i, kVersion);
    }
    push_out();
    std::printf("mmap %x: %s %s %s", static_cast<unsigned>(flags), seen(memory, 0),
                seen_by_kernel(memory, 1), seen(memory, kPages - 1));
    if (flags != kDroppable) {
      in_child(memory, 2);
    }
    std::printf("\n");
    munmap(memory, kPages * kPage);
  }
}

void locks() {
  char* const memory = painted();
  std::printf("mlock %d", mlock(memory + 7, 3 * kPage));
  push_out();
  std::printf(" mlock2 %d", mlock2(memory + 4 * kPage, kPage, MLOCK_ONFAULT));
  push_out();
  for (std::size_t i = 0; i < kPages; ++i) {
    std::printf(" %s", seen(memory, i));
  }
  std::printf(" locked: DONTNEED %d", madvise(memory, kPage, MADV_DONTNEED));
  std::printf(" munlock %d\n", munlock(memory, kPages * kPage));
  errno = 0;
  void* const none = mmap(nullptr, kPages * kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  const int refused = mlock(none, kPages * kPage);
  std::printf("mlock of what cannot be accessed: %d %d\n", refused, errno);
  errno = 0;
  const int nothing = mlock(nullptr, kPages * kPage);
  std::printf("mlock of nothing: %d %d\n", nothing, errno);
  push_out();

  // Everything that /proc/self/maps lists, one by one.
  FILE* const maps = std::fopen("/proc/self/maps", "re");
  expect(maps != nullptr, "/proc/self/maps");
  char line[512];
  while (std::fgets(line, sizeof line, maps) != nullptr) {
    unsigned long begin = 0;
    unsigned long end = 0;
    if (std::sscanf(line, "%lx-%lx", &begin, &end) == 2) {  // NOLINT
      mlock(reinterpret_cast<void*>(begin), end - begin);   // NOLINT
    }
  }
  std::fclose(maps);
  std::printf("all of maps: %s", seen(memory, 1));
  std::printf(" munlockall %d\n", munlockall());
  for (int flags = 0; flags < 8; ++flags) {
    push_out();
    errno = 0;
    const int result = mlockall(flags);
    std::printf("mlockall %d: %d %d", flags, result, errno);
    char* const more = painted();
    std::printf(" %s %s", seen(memory, 2), seen(more, 3));
    munmap(more, kPages * kPage);
    std::printf(" munlockall %d\n", munlockall());
  }
}

}  // namespace

int main() {
  others = map_pages(kOthers);
  static char signal_stack[64 * kPage] __attribute__((aligned(kPage)));
  const stack_t stack = {signal_stack, 0, sizeof signal_stack};
  sigaltstack(&stack, nullptr);
  struct sigaction action = {};
  action.sa_handler = on_fault;
  action.sa_flags = SA_ONSTACK;
  sigaction(SIGSEGV, &action, nullptr);
  sigaction(SIGBUS, &action, nullptr);
  for (int advice = -1; advice <= 27; ++advice) {
    advise(advice);
  }
  advise(kGuardInstall);
  advise(kGuardRemove);
  guards();
  moves();
  replaced_by_a_segment();
  own_memory();
  sealed();
  kinds_of_mappings();
  std::fflush(stdout);
  if (const pid_t child = fork(); child == 0) {
    locks();
    std::fflush(stdout);
    _exit(0);
  } else {
    int status = 0;
    waitpid(child, &status, 0);
    std::printf("%d\n", status);
  }
  return 0;
}
