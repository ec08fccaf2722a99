// SPDX-License-Identifier: GPL-2.0
// One chain through all cache lines of the memory, in random order: each load waits for the one
// before.
#include <vector>

#include "bench/workloads/workload.h"

namespace {
struct alignas(64) Node {
  std::uint64_t next;
};
}  // namespace

int main(int argc, char** argv) {
  const workload::Options options = workload::parse(argc, argv);
  const std::size_t count = options.bytes / sizeof(Node);
  std::vector<Node> nodes(count);
  for (std::size_t i = 0; i < count; ++i) {
    nodes[i].next = i;
  }
  // Sattolo's shuffle leaves one cycle.
  workload::Generator generator(options.seed);
  for (std::size_t i = count; i-- > 1;) {
    std::swap(nodes[i].next, nodes[generator.below(i)].next);
  }
  const workload::Timer timer;
  // A chase through all of memory is long; a round is a sixteenth of the cycle.
  const std::size_t steps = count / 16 * options.rounds;
  std::uint64_t at = 0;
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < steps; ++i) {
    at = nodes[at].next;
    sum = workload::mixed(sum, at);
  }
  const double seconds = timer.seconds();
  // Back along the cycle: as many steps as are missing lead to the start again.
  bool right = true;
  for (std::size_t i = steps % count; i < count; ++i) {
    right = right && (at != 0 || i == steps % count);
    at = nodes[at].next;
  }
  return workload::finish("pointer_chase", right && at == 0, sum, seconds);
}
