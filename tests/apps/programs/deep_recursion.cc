// SPDX-License-Identifier: GPL-2.0
// Recursion that uses megabytes of stack, on the main thread and on others at once; every frame is
// verified on the way back.
#include <cstring>
#include <thread>
#include <vector>

#include "pages.h"

namespace {

constexpr unsigned kDepth = 1500;

// NOLINTNEXTLINE(misc-no-recursion): the stack is what is tested
std::uint64_t descend(unsigned depth, std::uint64_t seed) {
  volatile std::uint64_t frame[256];
  for (unsigned i = 0; i < 256; ++i) {
    frame[i] = mix(seed + depth * 256 + i);
  }
  const std::uint64_t below = depth == 0 ? 0 : descend(depth - 1, seed);
  for (unsigned i = 0; i < 256; ++i) {
    expect(frame[i] == mix(seed + depth * 256 + i), "frame", depth);
  }
  return below + frame[depth % 256];
}

}  // namespace

int main() {
  std::vector<std::thread> threads;
  std::vector<std::uint64_t> sums(4);
  for (unsigned i = 0; i < sums.size(); ++i) {
    threads.emplace_back([&sums, i] {
      for (int round = 0; round < 3; ++round) {
        sums[i] = descend(kDepth, i);
      }
    });
  }
  const std::uint64_t own = descend(2 * kDepth, 99);
  for (std::thread& thread : threads) {
    thread.join();
  }
  std::printf("%llx", static_cast<unsigned long long>(own));
  for (const std::uint64_t sum : sums) {
    std::printf(" %llx", static_cast<unsigned long long>(sum));
  }
  std::printf("\n");
  return 0;
}
