// SPDX-License-Identifier: GPL-2.0
// PageRank of a power-law graph, by pulling ranks from the neighbours: edges are read in sequence,
// ranks at random.
#include <cmath>
#include <numeric>

#include "bench/workloads/graph.h"

int main(int argc, char** argv) {
  const workload::Options options = workload::parse(argc, argv);
  const workload::Graph graph = workload::make_graph(options.bytes, options.seed);
  const std::size_t count = graph.vertices();
  constexpr double kDamping = 0.85;
  constexpr unsigned kIterations = 5;
  std::vector<double> rank(count, 1.0 / static_cast<double>(count));
  std::vector<double> share(count);
  double first_change = 0;
  double last_change = 0;
  const workload::Timer timer;
  for (unsigned round = 0; round < kIterations * options.rounds; ++round) {
    double lost = 0;  // by vertices without neighbours, given to all
    for (std::size_t i = 0; i < count; ++i) {
      const auto degree = static_cast<double>(graph.degree(i));
      share[i] = degree > 0 ? rank[i] / degree : 0;
      lost += degree > 0 ? 0 : rank[i];
    }
    const double base = (1 - kDamping + kDamping * lost) / static_cast<double>(count);
    double change = 0;
    for (std::size_t i = 0; i < count; ++i) {
      double sum = 0;
      for (std::uint64_t edge = graph.begin[i]; edge < graph.begin[i + 1]; ++edge) {
        sum += share[graph.neighbour[edge]];
      }
      const double next = base + kDamping * sum;
      change += std::abs(next - rank[i]);
      rank[i] = next;
    }
    first_change = round == 0 ? change : first_change;
    last_change = change;
  }
  const double seconds = timer.seconds();
  const double total = std::accumulate(rank.begin(), rank.end(), 0.0);
  const bool right = std::abs(total - 1) < 1e-6 && last_change < first_change;
  std::uint64_t sum = 0;
  for (const double one : rank) {
    sum = workload::mixed(sum, static_cast<std::uint64_t>(std::llround(one * 1e15)));
  }
  return workload::finish("pagerank", right, sum, seconds);
}
