// SPDX-License-Identifier: GPL-2.0
// What emulation costs on this machine, measured with the real agent in a small program of ours.
//
// The program (dime-probe) runs with an area larger than its local limit and touches it in a cycle,
// which under FIFO makes every touch a remote access, and times each touch from inside. What it
// sees is the floor at zero latency; the part of it that lies outside the agent's own measurement
// (fault delivery and wake-up) is the lead, which the agent counts towards every stall.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "control/fault_path.h"
#include "dime/abi.h"

namespace dime {

/// Absolute paths of the two files that belong to this `dime`.
struct Companions {
  std::string agent;
  std::string probe;
};

struct ProbeRequest {
  dime_parameters parameters{};
  dime_calibration calibration{};
  FaultPath fault_path{};
  unsigned threads = 1;
  unsigned most_samples = 0;  ///< in all, for each thread
  std::uint64_t most_ns = 0;  ///< measuring ends after this time
  bool reads = false;         ///< the touches are reads, or else writes
};

struct ProbeResult {
  std::vector<std::uint64_t> seen_ns;  ///< as the program saw them, in order of time
  std::uint64_t handler_ns = 0;  ///< lower quartile of the agent's own measurements of the stalls
  std::uint64_t found_ns = 0;    ///< what the agent has found of the lead, if it does
};

/// Runs the probe's program with this environment and returns what it saw. `admit` is called with
/// its pid before it measures; an error of it is returned, and the program has ended.
Result<std::vector<std::uint64_t>> run_probe_program(
    const Companions& companions, const ProbeRequest& request, std::vector<std::string> environment,
    const std::function<Result<void>(pid_t)>& admit);

/// The parameters of a probe run: FIFO, unlimited bandwidth, and a limit below the probe's area.
dime_parameters probe_parameters(std::uint64_t latency_ns);

/// Runs the probe once under its own instance, which is gone afterwards. The error says why the
/// agent could not start, where that is the reason.
Result<ProbeResult> run_probe(const Companions& companions, const ProbeRequest& request);

/// Floor and leads of this machine: three or four runs of the probe, some 30 ms of measuring.
Result<dime_calibration> calibrate(const Companions& companions, const FaultPath& path);

/// The median of the quietest stretch: the least of the medians of consecutive stretches of some
/// dozen samples. Neighbours on a busy machine come and go in milliseconds, so it is what the
/// median would be without them. 0 when `in_order` is empty.
std::uint64_t quiet_median(const std::vector<std::uint64_t>& in_order);

/// The value below which `basis_points` / 10,000 of `ascending` lie; 0 when it is empty.
std::uint64_t quantile_of(const std::vector<std::uint64_t>& ascending, unsigned basis_points);

}  // namespace dime
