// SPDX-License-Identifier: GPL-2.0
// An undirected graph with a power-law distribution of degrees: R-MAT (Chakrabarti, Zhan and
// Faloutsos, SDM'04) with the parameters of Graph500, in compressed rows.
#pragma once

#include <algorithm>
#include <vector>

#include "bench/workloads/workload.h"

namespace workload {

struct Graph {
  std::vector<std::uint64_t> begin;  ///< where the neighbours of a vertex begin; one more
  std::vector<std::uint32_t> neighbour;

  [[nodiscard]] std::size_t vertices() const { return begin.size() - 1; }
  [[nodiscard]] std::uint64_t degree(std::size_t vertex) const {
    return begin[vertex + 1] - begin[vertex];
  }
};

/// With 8 edges for each vertex on average, of about `bytes` bytes at its largest while it is made.
inline Graph make_graph(std::size_t bytes, std::uint64_t seed) {
  constexpr unsigned kEdgesPerVertex = 8;
  constexpr std::size_t kBytesPerVertex = 8 + kEdgesPerVertex * (8 + 8);
  unsigned scale = 4;
  while ((kBytesPerVertex << (scale + 1)) <= bytes) {
    ++scale;
  }
  const std::size_t vertices = std::size_t{1} << scale;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> edges(vertices * kEdgesPerVertex);
  Generator generator(seed);
  for (auto& [from, to] : edges) {
    from = to = 0;
    for (unsigned bit = 0; bit < scale; ++bit) {
      const std::uint64_t draw = generator.below(100);  // 57, 19, 19 and 5 per cent
      from = from << 1u | (draw >= 76 ? 1u : 0u);
      to = to << 1u | ((draw >= 57 && draw < 76) || draw >= 95 ? 1u : 0u);
    }
  }
  Graph graph;
  graph.begin.assign(vertices + 1, 0);
  for (const auto& [from, to] : edges) {
    ++graph.begin[from + 1];
    ++graph.begin[to + 1];
  }
  for (std::size_t i = 0; i < vertices; ++i) {
    graph.begin[i + 1] += graph.begin[i];
  }
  graph.neighbour.resize(2 * edges.size());
  std::vector<std::uint64_t> next(graph.begin.begin(), graph.begin.end() - 1);
  for (const auto& [from, to] : edges) {
    graph.neighbour[next[from]++] = to;
    graph.neighbour[next[to]++] = from;
  }
  return graph;
}

}  // namespace workload
