// SPDX-License-Identifier: GPL-2.0
// Exclusive-or at random places of a table (HPCC RandomAccess, GUPS): every update another page.
#include <vector>

#include "bench/workloads/workload.h"

namespace {

void update(std::vector<std::uint64_t>& table, std::uint64_t seed, std::size_t updates) {
  workload::Generator generator(seed);
  for (std::size_t i = 0; i < updates; ++i) {
    const std::uint64_t value = generator.next();
    table[value % table.size()] ^= value;
  }
}

}  // namespace

int main(int argc, char** argv) {
  const workload::Options options = workload::parse(argc, argv);
  std::vector<std::uint64_t> table(options.bytes / sizeof(std::uint64_t));
  for (std::size_t i = 0; i < table.size(); ++i) {
    table[i] = i;
  }
  // A round has as many updates as the table has cache lines.
  const std::size_t updates = table.size() / 8 * options.rounds;
  const workload::Timer timer;
  update(table, options.seed, updates);
  const double seconds = timer.seconds();
  std::uint64_t sum = 0;
  for (const std::uint64_t value : table) {
    sum = workload::mixed(sum, value);
  }
  // The same again undoes it.
  update(table, options.seed, updates);
  bool right = true;
  for (std::size_t i = 0; i < table.size(); ++i) {
    right = right && table[i] == i;
  }
  return workload::finish("random_update", right, sum, seconds);
}
