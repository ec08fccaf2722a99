// SPDX-License-Identifier: GPL-2.0
// Memory of the program that the kernel reads or writes where nobody can serve a fault, or by way
// of pointers in structures. kernel_areas CASE..: each in this process, between pushes of all that
// can become remote.
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>

#include "pages.h"

namespace {

constexpr std::size_t kPages = 400;
constexpr int kRounds = 6;
unsigned char* remote = nullptr;

// After it, all but the last pages are remote.
void push_out() {
  for (std::size_t i = 0; i < kPages; ++i) {
    remote[i * kPage] = static_cast<unsigned char>(i);
  }
}

// --- Threads on stacks that the program supplies, used again and again

constexpr std::size_t kStackBytes = std::size_t{64} << 10;
constexpr std::size_t kThreads = 4;

void* on_supplied_stack(void* given) {
  std::array<unsigned char, 8000> bytes{};
  volatile unsigned char* const data = bytes.data();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    data[i] = 5;
  }
  push_out();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    expect(data[i] == 5, "the stack kept its content", i);
  }
  return given;
}

void supplied_stacks() {
  auto* const stacks = reinterpret_cast<unsigned char*>(map_pages(kThreads * kStackBytes / kPage));
  for (int round = 0; round < kRounds; ++round) {
    std::array<pthread_t, kThreads> threads{};
    for (std::size_t i = 0; i < kThreads; ++i) {
      pthread_attr_t attributes;
      pthread_attr_init(&attributes);
      pthread_attr_setstack(&attributes, stacks + i * kStackBytes, kStackBytes);
      expect(pthread_create(&threads[i], &attributes, on_supplied_stack, &threads[i]) == 0,
             "pthread_create");
      pthread_attr_destroy(&attributes);
    }
    for (pthread_t& thread : threads) {
      void* result = nullptr;
      expect(pthread_join(thread, &result) == 0 && result == &thread, "pthread_join");
    }
    push_out();
  }
}

// --- The word that the kernel clears at a thread's end

int ends_at_once(void* /*unused*/) {
  for (std::size_t i = kPages / 2; i < kPages; ++i) {
    static_cast<volatile unsigned char*>(remote)[i * kPage] = static_cast<unsigned char>(i);
  }
  __asm__ volatile("syscall" : : "a"(SYS_exit), "D"(0) : "rcx", "r11", "memory");
  return 0;
}

void cleared_word() {
  constexpr int kFlags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
                         CLONE_SYSVSEM | CLONE_CHILD_CLEARTID | CLONE_SETTLS;
  auto* const stack =
      static_cast<unsigned char*>(mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE,
                                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0));
  auto* const words = reinterpret_cast<unsigned char*>(map_pages(kRounds));
  for (int round = 0; round < kRounds; ++round) {
    auto* const word =
        reinterpret_cast<volatile int*>(words + static_cast<std::size_t>(round) * kPage);
    *word = 1;
    auto* const tls = static_cast<unsigned char*>(
        mmap(nullptr, 2 * kPage, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    auto** const pointer = reinterpret_cast<void**>(tls + kPage);
    pointer[0] = pointer[2] = static_cast<void*>(pointer);
    push_out();
    int parent = 0;
    expect(clone(ends_at_once, stack + kStackBytes, kFlags, nullptr, &parent, pointer,
                 const_cast<int*>(word)) > 0,
           "clone");
    constexpr int kPatience = 3000;
    for (int i = 0; i < kPatience && *word != 0; ++i) {
      usleep(10'000);
    }
    expect(*word == 0, "the kernel cleared the thread's word");
  }
}

// --- An area for restartable sequences of the program's own

void own_sequences() {
  constexpr std::uint32_t kSignature = RSEQ_SIG;
  constexpr std::uint32_t kBytes = 32;
  auto* const thread = static_cast<unsigned char*>(__builtin_thread_pointer());
  auto* const theirs = thread + __rseq_offset;
  if (__rseq_size == 0 ||
      syscall(SYS_rseq, theirs, kBytes, RSEQ_FLAG_UNREGISTER, kSignature) != 0) {
    return;  // the kernel or the C library has none
  }
  auto* const area = reinterpret_cast<unsigned char*>(map_pages(1));
  expect(syscall(SYS_rseq, area, kBytes, 0, kSignature) == 0, "rseq");
  for (int round = 0; round < kRounds; ++round) {
    push_out();
    sched_yield();
    usleep(1000);
  }
  std::uint32_t processor = 0;
  std::memcpy(&processor, area + offsetof(struct rseq, cpu_id), sizeof processor);
  expect(processor < static_cast<std::uint32_t>(sysconf(_SC_NPROCESSORS_CONF)),
         "the area is written");
  expect(syscall(SYS_rseq, area, kBytes, RSEQ_FLAG_UNREGISTER, kSignature) == 0, "leaving rseq");
}

// --- Pointers in structures of ioctl()

struct PageScan {
  std::uint64_t size, flags, begin, end, walked, found, most, most_pages, inverted, all, any,
      returned;
};

void page_scan() {
  constexpr unsigned long kScan = 0xc0606610;  // PAGEMAP_SCAN, Linux 6.7
  constexpr std::uint64_t kPresent = 1U << 3U;
  auto* const found = reinterpret_cast<std::uint64_t*>(map_pages(1));
  auto* const touched = reinterpret_cast<unsigned char*>(map_pages(4));
  const int map = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
  push_out();
  touched[0] = 1;
  PageScan scan{};
  scan.size = sizeof scan;
  scan.begin = reinterpret_cast<std::uint64_t>(touched);
  scan.end = scan.begin + kPage;
  scan.found = reinterpret_cast<std::uint64_t>(found);
  scan.most = 4;
  scan.all = scan.returned = kPresent;
  const int regions = ioctl(map, kScan, &scan);
  std::printf("page scan: %d\n", regions < 0 && errno == ENOTTY ? 1 : regions);
  close(map);
}

void own_userfault() {
  const auto own =
      static_cast<int>(syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | UFFD_USER_MODE_ONLY));
  uffdio_api api{UFFD_API, 0, 0};
  auto* const target = static_cast<unsigned char*>(
      mmap(nullptr, 4 * kPage, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  uffdio_register wanted{
      {reinterpret_cast<std::uint64_t>(target), 4 * kPage}, UFFDIO_REGISTER_MODE_MISSING, 0};
  if (own < 0 || ioctl(own, UFFDIO_API, &api) != 0 || ioctl(own, UFFDIO_REGISTER, &wanted) != 0) {
    return;
  }
  auto* const source = reinterpret_cast<unsigned char*>(map_pages(4));
  std::memset(source, 7, 4 * kPage);
  push_out();
  uffdio_copy copy{wanted.range.start, reinterpret_cast<std::uint64_t>(source), 4 * kPage, 0, 0};
  expect(ioctl(own, UFFDIO_COPY, &copy) == 0 && copy.copy == static_cast<std::int64_t>(4 * kPage),
         "UFFDIO_COPY");
  expect(target[3 * kPage + 17] == 7, "what was copied");
  close(own);
}

struct Case {
  const char* name;
  void (*run)();
};

constexpr Case kCases[] = {{"supplied-stacks", supplied_stacks},
                           {"cleared-word", cleared_word},
                           {"own-sequences", own_sequences},
                           {"page-scan", page_scan},
                           {"own-userfault", own_userfault}};

}  // namespace

int main(int count, char** arguments) {
  remote = reinterpret_cast<unsigned char*>(map_pages(kPages));
  for (int i = 1; i < count; ++i) {
    for (const Case& one : kCases) {
      if (std::string(arguments[i]) == one.name) {
        push_out();
        one.run();
        std::puts(one.name);
      }
    }
  }
  return 0;
}
