// SPDX-License-Identifier: GPL-2.0
#include "base/patience.h"

#include <algorithm>
#include <cstdlib>
#include <thread>

#include "base/machine_costs.h"
#include "base/sysctl.h"

namespace dime {
namespace {

constexpr std::chrono::milliseconds kMeasureEach{3};

// How many threads wanted each processor lately, at least 1.
double crowding() {
  const auto load = read_small_file("/proc/loadavg");
  const double threads = load ? std::strtod(load->c_str(), nullptr) : 0;
  return std::max(1.0, threads / std::max(1u, std::thread::hardware_concurrency()));
}

}  // namespace

std::chrono::milliseconds patience(std::chrono::milliseconds usual) {
  static const double factor = slowness(measure_costs(kMeasureEach)) * crowding();
  return std::chrono::milliseconds(
      static_cast<std::int64_t>(static_cast<double>(usual.count()) * factor));
}

}  // namespace dime
