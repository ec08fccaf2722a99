// SPDX-License-Identifier: GPL-2.0
// System calls made by instructions outside of the C library: in this program, in a library loaded
// while threads run, and in code that the program has just written: raw_calls LIBRARY.
#include <dlfcn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <string>
#include <thread>

#include "pages.h"

namespace {

using Call = long (*)(long, long, long, long, long, long, long);
using Read = long (*)(int, void*, unsigned long);

constexpr std::size_t kPages = 400;
constexpr int kRounds = 60;
std::atomic<bool> stop = false;

void keep_evicting() {
  char* pages = map_pages(kPages);
  for (std::uint64_t version = 1; !stop.load(); ++version) {
    for (std::size_t i = 0; i < kPages; ++i) {
      fill_page(pages + i * kPage, i, version);
    }
  }
}

long own_call(long number, long a, long b, long c, long d, long e, long f) {
  long result = number;
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  __asm__ volatile("syscall"
                   : "+a"(result)
                   : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}

long address(const void* pointer) {
  return reinterpret_cast<long>(pointer);
}

// mov %rdi,%rax; mov %rsi,%rdi; mov %rdx,%rsi; mov %rcx,%rdx; mov %r8,%r10; mov %r9,%r8;
// mov 8(%rsp),%r9; syscall; ret
constexpr unsigned char kCode[] = {0x48, 0x89, 0xf8, 0x48, 0x89, 0xf7, 0x48, 0x89, 0xd6,
                                   0x48, 0x89, 0xca, 0x4d, 0x89, 0xc2, 0x4d, 0x89, 0xc8,
                                   0x4c, 0x8b, 0x4c, 0x24, 0x08, 0x0f, 0x05, 0xc3};

Call written_call() {
  char* code = map_pages(1);
  std::memcpy(code, kCode, sizeof kCode);
  expect(mprotect(code, kPage, PROT_READ | PROT_EXEC) == 0, "mprotect");
  return reinterpret_cast<Call>(code);
}

// Through pipes and paths, with buffers that are mostly remote.
void exercise(const char* what, Call call, char* memory) {
  int ends[2];
  expect(pipe(ends) == 0, "pipe");
  for (int round = 0; round < kRounds; ++round) {
    char* text = memory + (static_cast<std::size_t>(round) % kPages) * kPage + kPage - 5;
    char* to = memory + (static_cast<std::size_t>(round * 7 + 3) % kPages) * kPage + kPage - 3;
    std::memcpy(text, "0123456789", 10);
    std::memset(to, 0, 10);
    usleep(2000);
    expect(call(SYS_write, ends[1], address(text), 10, 0, 0, 0) == 10, what, SYS_write);
    expect(call(SYS_read, ends[0], address(to), 10, 0, 0, 0) == 10, what, SYS_read);
    expect(std::memcmp(to, "0123456789", 10) == 0, what);
    std::strcpy(text, "/proc/self");
    expect(call(SYS_access, address(text), 0, 0, 0, 0, 0) == 0, what, SYS_access);
    expect(call(SYS_read, ends[0], -4096, 10, 0, 0, 0) == -EFAULT, what, SYS_read);
    expect(call(SYS_getppid, 0, 0, 0, 0, 0, 0) == getppid(), what, SYS_getppid);
  }
  close(ends[0]);
  close(ends[1]);
  std::printf("%s: done\n", what);
}

}  // namespace

int main(int argc, char** argv) {
  expect(argc == 2, "arguments: LIBRARY");
  std::thread evicting(keep_evicting);
  char* memory = map_pages(kPages + 1);
  exercise("own instruction", own_call, memory);
  for (int round = 0; round < 3; ++round) {
    void* library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    expect(library != nullptr, "dlopen");
    exercise("loaded library", reinterpret_cast<Call>(dlsym(library, "raw_call")), memory);
    const auto raw_read = reinterpret_cast<Read>(dlsym(library, "raw_read"));
    int ends[2];
    expect(pipe(ends) == 0 && write(ends[1], "abcdef", 6) == 6, "pipe");
    char* to = memory + kPages * kPage - 3;
    usleep(5000);
    expect(raw_read(ends[0], to, 6) == 6 && std::memcmp(to, "abcdef", 6) == 0, "raw_read");
    close(ends[0]);
    close(ends[1]);
    expect(dlclose(library) == 0, "dlclose");
  }
  exercise("written code", written_call(), memory);
  stop.store(true);
  evicting.join();
  return 0;
}
