// SPDX-License-Identifier: GPL-2.0
// What it costs to know which memory a system call touches: ns per call, the least of many short
// rounds. The Reader is a plain copy, so nested structures cost what following them costs.
#include "engines/user/agent/inline/buffers.h"

#include <asm/unistd.h>
#include <fmt/core.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <chrono>
#include <cstring>

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kRounds = 500;
constexpr int kCalls = 2000;

bool copy(void*, std::uint64_t address, void* to, std::uint64_t bytes) {
  std::memcpy(to, reinterpret_cast<const void*>(address), bytes);
  return true;
}

struct Call {
  const char* name;
  long number;
  long arguments[6];
};

double least_ns(const Call& call) {
  double least = 1e9;
  for (int round = 0; round < kRounds; ++round) {
    const auto start = Clock::now();
    for (int i = 0; i < kCalls; ++i) {
      const dime::agent::CallClass kind = dime::agent::classify(call.number, call.arguments);
      if (kind.kind == dime::agent::CallKind::kPlain) {
        continue;
      }
      dime::agent::BufferList list;
      dime::agent::collect_buffers(call.number, call.arguments, copy, nullptr, list);
    }
    least = std::min(least, std::chrono::duration<double, std::nano>(Clock::now() - start).count());
  }
  return least / kCalls;
}

long word(const void* pointer) {
  return reinterpret_cast<long>(pointer);
}

}  // namespace

int main() {
  static char buffer[65536];
  static char path[] = "/usr/lib/x86_64-linux-gnu/libc.so.6";
  static iovec vector[2] = {{buffer, 100}, {buffer + 8192, 100}};
  static msghdr message = {buffer, 16, vector, 2, buffer + 4096, 64, 0};
  static pollfd polled[4] = {};
  const Call calls[] = {
      {"getppid", __NR_getppid, {}},
      {"read, 64 KiB", __NR_read, {0, word(buffer), sizeof buffer}},
      {"futex WAIT_PRIVATE", __NR_futex, {word(buffer), 128, 0, 0}},
      {"poll of 4", __NR_poll, {word(polled), 4, -1}},
      {"stat, path of 35 characters", __NR_stat, {word(path), word(buffer)}},
      {"writev of 2", __NR_writev, {1, word(vector), 2}},
      {"recvmsg, 2 pieces and control", __NR_recvmsg, {1, word(&message), 0}},
  };
  fmt::print("{:<32}{:>8}\n", "ns per call, least", "");
  for (const Call& call : calls) {
    fmt::print("{:<32}{:>8.1f}\n", call.name, least_ns(call));
  }
  return 0;
}
