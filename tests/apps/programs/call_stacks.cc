// SPDX-License-Identifier: GPL-2.0
// call_stacks PAGES [thread]: touches PAGES pages from functions with known names, in a thread of
// its own where that is asked for: twice by memset, three times by touch_often, twice by
// touch_seldom, once by the kernel for read(). Compiled with frame pointers.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

namespace {

constexpr std::size_t kPage = 4096;

volatile char* memory;
std::size_t pages;

}  // namespace

// Each does something behind its call, so that none is a jump.
extern "C" {

__attribute__((noinline)) void touch_all() {
  for (std::size_t i = 0; i < pages; ++i) {
    memory[i * kPage] = static_cast<char>(memory[i * kPage] + 1);
  }
}

__attribute__((noinline)) int touch_often() {
  for (int i = 0; i < 3; ++i) {
    touch_all();
  }
  return memory[0];
}

__attribute__((noinline)) int touch_seldom() {
  for (int i = 0; i < 2; ++i) {
    touch_all();
  }
  return memory[0];
}

__attribute__((noinline)) int set_all() {
  std::memset(const_cast<char*>(memory), 1, pages * kPage);
  return memory[0];
}

__attribute__((noinline)) long read_all(int file) {
  const long bytes = ::read(file, const_cast<char*>(memory), pages * kPage);
  return bytes + memory[0];
}

__attribute__((noinline)) void run_all(int zeros) {
  int sum = set_all();
  sum += touch_often();
  sum += touch_seldom();
  sum += set_all();
  const long bytes = read_all(zeros);
  std::printf("%d %ld\n", sum, bytes);
}

}  // extern "C"

int main(int argc, char** argv) {
  if (argc != 2 && argc != 3) {
    return 2;
  }
  pages = std::strtoul(argv[1], nullptr, 10);
  memory = static_cast<char*>(
      ::mmap(nullptr, pages * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  const int zeros = ::open("/dev/zero", O_RDONLY);
  if (memory == MAP_FAILED || zeros < 0) {
    return 1;
  }
  if (argc == 3) {
    std::thread(run_all, zeros).join();
  } else {
    run_all(zeros);
  }
  return 0;
}
