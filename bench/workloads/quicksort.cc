// SPDX-License-Identifier: GPL-2.0
// Quicksort of random numbers (Hoare's partition, the middle of three as pivot): two sequential
// streams at each level, and ever smaller working sets.
#include <algorithm>
#include <vector>

#include "bench/workloads/workload.h"

namespace {

constexpr std::ptrdiff_t kFew = 24;

void sort_few(std::uint64_t* begin, std::uint64_t* end) {
  for (std::uint64_t* i = begin; i < end; ++i) {
    const std::uint64_t value = *i;
    std::uint64_t* j = i;
    for (; j > begin && j[-1] > value; --j) {
      *j = j[-1];
    }
    *j = value;
  }
}

void quicksort(std::uint64_t* begin, std::uint64_t* end) {
  while (end - begin > kFew) {
    const std::uint64_t a = begin[0];
    const std::uint64_t b = begin[(end - begin) / 2];
    const std::uint64_t c = end[-1];
    const std::uint64_t pivot = std::max(std::min(a, b), std::min(std::max(a, b), c));
    std::uint64_t* low = begin;
    std::uint64_t* high = end - 1;
    while (low <= high) {
      while (*low < pivot) {
        ++low;
      }
      while (*high > pivot) {
        --high;
      }
      if (low <= high) {
        std::swap(*low++, *high--);
      }
    }
    quicksort(begin, high + 1);
    begin = low;
  }
  sort_few(begin, end);
}

}  // namespace

int main(int argc, char** argv) {
  const workload::Options options = workload::parse(argc, argv);
  std::vector<std::uint64_t> numbers(options.bytes / sizeof(std::uint64_t));
  workload::Generator generator(options.seed);
  std::uint64_t before = 0;
  double seconds = 0;
  bool right = true;
  std::uint64_t sum = 0;
  for (unsigned round = 0; round < options.rounds; ++round) {
    before = 0;
    for (std::uint64_t& number : numbers) {
      number = generator.next();
      before += number;
    }
    const workload::Timer timer;
    quicksort(numbers.data(), numbers.data() + numbers.size());
    seconds += timer.seconds();
    std::uint64_t after = 0;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      right = right && (i == 0 || numbers[i - 1] <= numbers[i]);
      after += numbers[i];
      sum = workload::mixed(sum, numbers[i]);
    }
    right = right && after == before;
  }
  return workload::finish("quicksort", right, sum, seconds);
}
