// SPDX-License-Identifier: GPL-2.0
// Lloyd's k-means of points in 16 dimensions around 8 centres: each iteration reads everything
// once.
#include <vector>

#include "bench/workloads/workload.h"

namespace {

constexpr std::size_t kDimensions = 16;
constexpr std::size_t kClusters = 8;

// Whole numbers, so that sums are exact in any order.
struct Point {
  std::int32_t at[kDimensions];
};

std::int64_t distance(const Point& one, const Point& other) {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < kDimensions; ++i) {
    const std::int64_t difference = std::int64_t{one.at[i]} - other.at[i];
    sum += difference * difference;
  }
  return sum;
}

std::size_t nearest(const Point& point, const Point (&centres)[kClusters]) {
  std::size_t best = 0;
  for (std::size_t i = 1; i < kClusters; ++i) {
    best = distance(point, centres[i]) < distance(point, centres[best]) ? i : best;
  }
  return best;
}

// One iteration; the sum of all squared distances before the centres move.
std::int64_t iterate(const std::vector<Point>& points, Point (&centres)[kClusters]) {
  std::int64_t sums[kClusters][kDimensions] = {};
  std::int64_t counts[kClusters] = {};
  std::int64_t cost = 0;
  for (const Point& point : points) {
    const std::size_t cluster = nearest(point, centres);
    cost += distance(point, centres[cluster]);
    ++counts[cluster];
    for (std::size_t i = 0; i < kDimensions; ++i) {
      sums[cluster][i] += point.at[i];
    }
  }
  for (std::size_t cluster = 0; cluster < kClusters; ++cluster) {
    for (std::size_t i = 0; i < kDimensions && counts[cluster] != 0; ++i) {
      centres[cluster].at[i] = static_cast<std::int32_t>(sums[cluster][i] / counts[cluster]);
    }
  }
  return cost;
}

}  // namespace

int main(int argc, char** argv) {
  const workload::Options options = workload::parse(argc, argv);
  std::vector<Point> points(options.bytes / sizeof(Point));
  workload::Generator generator(options.seed);
  for (Point& point : points) {
    const std::uint64_t cluster = generator.below(kClusters);
    for (std::size_t i = 0; i < kDimensions; ++i) {
      const auto centre = static_cast<std::int32_t>(workload::mixed(cluster + 1, i) % 10'000);
      point.at[i] = centre + static_cast<std::int32_t>(generator.below(2'000));
    }
  }
  Point centres[kClusters];
  for (std::size_t i = 0; i < kClusters; ++i) {
    centres[i] = points[generator.below(points.size())];
  }
  const workload::Timer timer;
  std::int64_t first = 0;
  std::int64_t last = 0;
  std::uint64_t sum = 0;
  for (unsigned i = 0; i < 5 * options.rounds; ++i) {
    const std::int64_t cost = iterate(points, centres);
    first = i == 0 ? cost : first;
    last = cost;
    sum = workload::mixed(sum, static_cast<std::uint64_t>(cost));
  }
  const double seconds = timer.seconds();
  // Centres are rounded to whole numbers, so that a cost that no longer falls may rise by a trifle.
  const bool right = last > 0 && last <= first + first / 1000;
  return workload::finish("kmeans", right, sum, seconds);
}
