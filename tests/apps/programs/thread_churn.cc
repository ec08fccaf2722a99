// SPDX-License-Identifier: GPL-2.0
// Thousands of short threads, a few at a time, each with heap, stack and thread-local memory:
// thread_churn THREADS.
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "pages.h"

namespace {

thread_local std::uint64_t own[512];

void live(std::uint64_t number, std::uint64_t* result) {
  const auto heap = std::make_unique<std::uint64_t[]>(2000);
  volatile std::uint64_t stack[600];
  for (unsigned i = 0; i < 512; ++i) {
    expect(own[i] == 0, "thread-local memory is not zero", number);
    own[i] = mix(number + i);
    stack[i] = own[i] + 1;
    heap[i * 3] = own[i] + 2;
  }
  std::uint64_t sum = 0;
  for (unsigned i = 0; i < 512; ++i) {
    expect(stack[i] == own[i] + 1 && heap[i * 3] == own[i] + 2, "memory of a thread", number);
    sum += own[i];
  }
  *result = sum;
}

}  // namespace

int main(int argc, char** argv) {
  expect(argc == 2, "arguments: THREADS");
  constexpr std::size_t kAtOnce = 8;
  std::uint64_t total = 0;
  const std::uint64_t all = std::stoull(argv[1]);
  for (std::uint64_t first = 0; first < all; first += kAtOnce) {
    std::vector<std::thread> threads;
    std::vector<std::uint64_t> results(kAtOnce);
    for (std::size_t i = 0; i < kAtOnce; ++i) {
      threads.emplace_back(live, first + i, &results[i]);
    }
    for (std::size_t i = 0; i < kAtOnce; ++i) {
      threads[i].join();
      total += results[i];
    }
  }
  std::printf("%llx\n", static_cast<unsigned long long>(total));
  return 0;
}
