// SPDX-License-Identifier: GPL-2.0
// One page trace for every engine, and what the core's model says of it.
//
//   trace serve FILE PAGES        a program under emulation, that touches pages on command
//   trace touch FILE SEED COUNT   the command; SEED 0: every page once, in order
//   trace model PAGES LOCAL SEED COUNT   remote accesses of that trace under FIFO, by the core
//   alone
//
// Between a command and its answer the server works in registers and touches nothing but its arena;
// commands go through a file mapping, which is not managed.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "tests/unit/model.h"

namespace {

constexpr std::uint64_t kPageBytes = 4096;

struct Command {
  std::uint32_t go;
  std::uint32_t done;
  std::uint64_t pages;
  std::uint64_t seed;
  std::uint64_t count;
};

/// The pages of a trace, one after the other.
struct Trace {
  std::uint64_t pages;
  std::uint64_t state;
  std::uint64_t at = 0;
  __attribute__((always_inline)) std::uint64_t next() {
    if (state == 0) {
      return at++ % pages;
    }
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state % pages;
  }
};

[[noreturn]] __attribute__((noinline)) void serve(volatile Command* command, unsigned char* arena) {
  for (;;) {
    while (command->go == 0) {
      __builtin_ia32_pause();
    }
    command->go = 0;
    Trace trace{command->pages, command->seed};
    for (std::uint64_t left = command->count; left != 0; --left) {
      auto* const page =
          reinterpret_cast<volatile std::uint64_t*>(arena + trace.next() * kPageBytes);
      *page = left;
    }
    command->done = 1;
  }
}

volatile Command* open_command(const char* path) {
  const int file = ::open(path, O_RDWR | O_CREAT, 0600);
  if (file < 0 || ::ftruncate(file, kPageBytes) != 0) {
    std::perror(path);
    std::exit(1);
  }
  void* const memory = ::mmap(nullptr, kPageBytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  return static_cast<volatile Command*>(memory);
}

int touch(volatile Command* command, std::uint64_t seed, std::uint64_t count) {
  constexpr useconds_t kPause = 20'000;
  command->seed = seed;
  command->count = count;
  command->done = 0;
  command->go = 1;
  while (command->done == 0) {
    ::usleep(kPause);
  }
  return 0;
}

std::uint64_t remote_of(dime::test::Engine& engine, Trace trace, std::uint64_t count) {
  std::uint64_t remote = 0;
  for (; count != 0; --count) {
    remote += engine.touch(trace.next()) == dime::FaultKind::kRemote ? 1 : 0;
  }
  return remote;
}

int model(std::uint64_t pages, std::uint64_t local, std::uint64_t seed, std::uint64_t count) {
  dime::test::Block block(local);
  dime::test::Engine engine(block);
  remote_of(engine, {pages, 0}, pages);
  std::printf("%lu\n", remote_of(engine, {pages, seed}, count));
  return 0;
}

}  // namespace

int main(int count, char** words) {
  const auto number = [&](int i) { return i < count ? std::strtoull(words[i], nullptr, 10) : 0; };
  const std::string_view what = count > 1 ? words[1] : "";
  if (what == "model" && count == 6) {
    return model(number(2), number(3), number(4), number(5));
  }
  if (what == "touch" && count == 5) {
    return touch(open_command(words[2]), number(3), number(4));
  }
  if (what == "serve" && count == 4) {
    volatile Command* const command = open_command(words[2]);
    command->pages = number(3);
    void* const arena = ::mmap(nullptr, number(3) * kPageBytes, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    serve(command, static_cast<unsigned char*>(arena));
  }
  return 2;
}
