// SPDX-License-Identifier: GPL-2.0
// A join of two tables by hashing: the smaller one is put into a hash table, and each row of the
// larger one looks there for its key. Half of the rows find one.
#include <algorithm>
#include <vector>

#include "bench/workloads/workload.h"

namespace {

struct Row {
  std::uint64_t key;
  std::uint64_t payload;
};

std::size_t slot_of(std::uint64_t key, std::size_t slots) {
  return workload::Generator(key).next() & (slots - 1);
}

}  // namespace

int main(int argc, char** argv) {
  const workload::Options options = workload::parse(argc, argv);
  // Rows of 16 bytes: n of the one, 4 n of the other, and 2 n slots or a few more.
  const std::size_t count = std::max<std::size_t>(options.bytes / (sizeof(Row) * 8), 16);
  std::size_t slots = 1;
  while (slots < 2 * count) {
    slots *= 2;
  }
  std::vector<Row> small(count);
  std::vector<Row> large(4 * count);
  workload::Generator generator(options.seed);
  for (std::size_t i = 0; i < count; ++i) {
    small[i] = {i + 1, generator.next()};
  }
  for (std::size_t i = count; i-- > 1;) {
    std::swap(small[i], small[generator.below(i + 1)]);
  }
  for (Row& row : large) {
    row = {generator.below(2 * count) + 1, generator.next()};
  }
  bool right = true;
  std::uint64_t sum = 0;
  const workload::Timer timer;
  for (unsigned round = 0; round < options.rounds; ++round) {
    std::vector<Row> table(slots, Row{0, 0});
    for (const Row& row : small) {
      std::size_t slot = slot_of(row.key, slots);
      while (table[slot].key != 0) {
        slot = (slot + 1) & (slots - 1);
      }
      table[slot] = row;
    }
    std::size_t found = 0;
    std::size_t expected = 0;
    for (const Row& row : large) {
      std::size_t slot = slot_of(row.key, slots);
      while (table[slot].key != 0 && table[slot].key != row.key) {
        slot = (slot + 1) & (slots - 1);
      }
      if (table[slot].key == row.key) {
        ++found;
        sum = workload::mixed(sum, table[slot].payload ^ row.payload);
      }
      expected += row.key <= count ? 1 : 0;
    }
    right = right && found == expected;
  }
  return workload::finish("hash_join", right, sum, timer.seconds());
}
