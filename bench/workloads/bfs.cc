// SPDX-License-Identifier: GPL-2.0
// Breadth-first search of a power-law graph from its vertices with the most neighbours.
#include "bench/workloads/graph.h"

namespace {

constexpr std::uint32_t kUnseen = ~0u;

std::vector<std::uint32_t> levels_from(const workload::Graph& graph, std::uint32_t source) {
  std::vector<std::uint32_t> level(graph.vertices(), kUnseen);
  std::vector<std::uint32_t> queue = {source};
  queue.reserve(graph.vertices());
  level[source] = 0;
  for (std::size_t at = 0; at < queue.size(); ++at) {
    const std::uint32_t vertex = queue[at];
    for (std::uint64_t i = graph.begin[vertex]; i < graph.begin[vertex + 1]; ++i) {
      const std::uint32_t other = graph.neighbour[i];
      if (level[other] == kUnseen) {
        level[other] = level[vertex] + 1;
        queue.push_back(other);
      }
    }
  }
  return level;
}

// The levels of neighbours differ by at most 1, and every seen vertex but the source has a
// neighbour one level below.
bool check(const workload::Graph& graph, const std::vector<std::uint32_t>& level,
           std::uint32_t source) {
  bool right = level[source] == 0;
  for (std::uint32_t vertex = 0; vertex < graph.vertices(); ++vertex) {
    bool reached = level[vertex] == 0 || level[vertex] == kUnseen;
    for (std::uint64_t i = graph.begin[vertex]; i < graph.begin[vertex + 1]; ++i) {
      const std::uint32_t other = level[graph.neighbour[i]];
      reached = reached || other + 1 == level[vertex];
      right = right && (other == kUnseen) == (level[vertex] == kUnseen) &&
              (other == kUnseen || other <= level[vertex] + 1);
    }
    right = right && reached;
  }
  return right;
}

}  // namespace

int main(int argc, char** argv) {
  const workload::Options options = workload::parse(argc, argv);
  const workload::Graph graph = workload::make_graph(options.bytes, options.seed);
  std::vector<std::uint32_t> order(graph.vertices());
  for (std::uint32_t i = 0; i < order.size(); ++i) {
    order[i] = i;
  }
  const unsigned rounds = std::min<unsigned>(options.rounds, static_cast<unsigned>(order.size()));
  std::partial_sort(order.begin(), order.begin() + rounds, order.end(),
                    [&graph](std::uint32_t one, std::uint32_t other) {
                      return graph.degree(one) != graph.degree(other)
                                 ? graph.degree(one) > graph.degree(other)
                                 : one < other;
                    });
  bool right = true;
  std::uint64_t sum = 0;
  double seconds = 0;
  for (unsigned round = 0; round < rounds; ++round) {
    const workload::Timer timer;
    const std::vector<std::uint32_t> level = levels_from(graph, order[round]);
    seconds += timer.seconds();
    right = right && check(graph, level, order[round]);
    for (const std::uint32_t one : level) {
      sum = workload::mixed(sum, one);
    }
  }
  return workload::finish("bfs", right, sum, seconds);
}
