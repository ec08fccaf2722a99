// SPDX-License-Identifier: GPL-2.0
// A hash table with values of 200 bytes; 95 % of the requests read, 5 % write, keys by Zipf's law
// with exponent 0.99, as in YCSB. Keys are spread over the table by a hash, so popular ones do not
// share pages.
#include <algorithm>
#include <cmath>
#include <vector>

#include "bench/workloads/workload.h"

namespace {

constexpr std::size_t kValueWords = 25;

struct Entry {
  std::uint64_t key = 0;  ///< 0 = free
  std::uint64_t version = 0;
  std::uint64_t value[kValueWords] = {};
};

// Quickly Generating Billion-Record Synthetic Databases, Gray et al., SIGMOD'94.
class Zipf {
 public:
  explicit Zipf(std::uint64_t count) : count_(count) {
    for (std::uint64_t i = 1; i <= count; ++i) {
      zeta_ += std::pow(static_cast<double>(i), -kExponent);
    }
    const double two = 1 + std::pow(2.0, -kExponent);
    eta_ = (1 - std::pow(2.0 / static_cast<double>(count), 1 - kExponent)) / (1 - two / zeta_);
  }

  /// From 0, the most popular, to count - 1.
  std::uint64_t rank(workload::Generator& generator) const {
    const double u = generator.unit();
    const double uz = u * zeta_;
    if (uz < 1) {
      return 0;
    }
    if (uz < 1 + std::pow(0.5, kExponent)) {
      return 1;
    }
    const double n = static_cast<double>(count_);
    const double rank = n * std::pow(eta_ * u - eta_ + 1, 1 / (1 - kExponent));
    return std::min(static_cast<std::uint64_t>(rank), count_ - 1);
  }

 private:
  static constexpr double kExponent = 0.99;
  std::uint64_t count_;
  double zeta_ = 0;
  double eta_ = 0;
};

class Table {
 public:
  explicit Table(std::size_t slots) : slots_(slots) {}

  Entry& at(std::uint64_t key) {
    std::size_t slot = workload::Generator(key).next() % slots_.size();
    while (slots_[slot].key != 0 && slots_[slot].key != key) {
      slot = slot + 1 == slots_.size() ? 0 : slot + 1;
    }
    return slots_[slot];
  }

 private:
  std::vector<Entry> slots_;
};

void write(Entry& entry, std::uint64_t key) {
  entry.key = key;
  ++entry.version;
  for (std::size_t i = 0; i < kValueWords; ++i) {
    entry.value[i] = workload::mixed(key + i, entry.version);
  }
}

bool is_whole(const Entry& entry, std::uint64_t key) {
  bool whole = entry.key == key;
  for (std::size_t i = 0; i < kValueWords; ++i) {
    whole = whole && entry.value[i] == workload::mixed(key + i, entry.version);
  }
  return whole;
}

}  // namespace

int main(int argc, char** argv) {
  const workload::Options options = workload::parse(argc, argv);
  const std::size_t slots = options.bytes / sizeof(Entry);
  const std::uint64_t keys = slots * 3 / 4;
  Table table(slots);
  for (std::uint64_t key = 1; key <= keys; ++key) {
    write(table.at(key), key);
  }
  const Zipf zipf(keys);
  workload::Generator generator(options.seed);
  const std::uint64_t requests = keys * options.rounds;
  bool right = true;
  std::uint64_t sum = 0;
  const workload::Timer timer;
  for (std::uint64_t i = 0; i < requests; ++i) {
    const std::uint64_t key = zipf.rank(generator) + 1;
    Entry& entry = table.at(key);
    right = right && is_whole(entry, key);
    sum = workload::mixed(sum, entry.version);
    if (generator.below(100) < 5) {
      write(entry, key);
    }
  }
  const double seconds = timer.seconds();
  std::fprintf(stderr, "key_value: %.0f requests/s\n", static_cast<double>(requests) / seconds);
  return workload::finish("key_value", right, sum, seconds);
}
