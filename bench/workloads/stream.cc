// SPDX-License-Identifier: GPL-2.0
// Copy, scale, add and triad over three arrays (McCalpin's STREAM): sequential reads and writes.
#include <cmath>
#include <vector>

#include "bench/workloads/workload.h"

int main(int argc, char** argv) {
  const workload::Options options = workload::parse(argc, argv);
  const std::size_t count = options.bytes / (3 * sizeof(double));
  constexpr double kFactor = 0.42;
  std::vector<double> a(count, 1);
  std::vector<double> b(count, 2);
  std::vector<double> c(count, 0);
  const workload::Timer timer;
  for (unsigned round = 0; round < options.rounds; ++round) {
    for (std::size_t i = 0; i < count; ++i) {
      c[i] = a[i];
    }
    for (std::size_t i = 0; i < count; ++i) {
      b[i] = kFactor * c[i];
    }
    for (std::size_t i = 0; i < count; ++i) {
      c[i] = a[i] + b[i];
    }
    for (std::size_t i = 0; i < count; ++i) {
      a[i] = b[i] + kFactor * c[i];
    }
  }
  const double seconds = timer.seconds();
  double x = 1;
  double y = 2;
  double z = 0;
  for (unsigned round = 0; round < options.rounds; ++round) {
    z = x;
    y = kFactor * z;
    z = x + y;
    x = y + kFactor * z;
  }
  bool right = true;
  for (std::size_t i = 0; i < count; ++i) {
    right = right && a[i] == x && b[i] == y && c[i] == z;
  }
  return workload::finish("stream", right, static_cast<std::uint64_t>(std::llround(x * 1e12)),
                          seconds);
}
