// SPDX-License-Identifier: GPL-2.0
// The same from C++: an allocator whose memory is far away.
//   c++ phases.cc -ldime -o phases && dime run --tier 'far: latency=60us,local=100p' --local 50% --
//   ./phases
#include <dime/dime.h>
#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <iostream>
#include <new>
#include <numeric>
#include <vector>

template <class T>
struct FarAllocator {
  using value_type = T;
  FarAllocator() = default;
  template <class U>
  FarAllocator(const FarAllocator<U>& /*other*/) {}  // NOLINT(google-explicit-constructor)

  T* allocate(std::size_t count) {
    void* const memory = ::mmap(nullptr, count * sizeof(T), PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
      throw std::bad_alloc();
    }
    dime_place(memory, count * sizeof(T), "far");
    return static_cast<T*>(memory);
  }
  void deallocate(T* memory, std::size_t count) { ::munmap(memory, count * sizeof(T)); }
  friend bool operator==(FarAllocator, FarAllocator) { return true; }
};

int main() {
  constexpr std::size_t kNumbers = 400 * 4096 / sizeof(std::uint64_t);
  std::vector<std::uint64_t, FarAllocator<std::uint64_t>> table(kNumbers);
  dime_mark("fill");
  std::iota(table.begin(), table.end(), 0);
  dime_mark("search");
  std::uint64_t sum = 0;
  for (int round = 0; round < 3; ++round) {
    sum = std::accumulate(table.begin(), table.end(), sum);
  }
  dime_mark("end");
  std::cout << sum << '\n';
}
