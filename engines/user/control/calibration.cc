// SPDX-License-Identifier: GPL-2.0
#include "engines/user/control/calibration.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <numeric>

#include "core/histogram.h"
#include "engines/user/control/control_block.h"
#include "engines/user/control/environment.h"
#include "engines/user/control/members.h"
#include "engines/user/system/clock_source.h"
#include "policies/registry.h"

namespace dime {
namespace {

constexpr std::uint64_t kProbeLocalPages = 256;
// Few enough for a start-up nobody notices, enough for a steady median.
constexpr unsigned kSamples = 600;
constexpr std::uint64_t kMeasureNs = 6'000'000;
// Several threads are measured with a stall that the handler spins through: at zero latency they
// would queue for the handler, which is not part of a stall that is waited for.
constexpr std::uint64_t kMultiLatencyNs = 40'000;
constexpr unsigned kMultiThreads = 2;

Result<std::vector<std::uint64_t>> read_samples(int fd) {
  std::vector<std::uint64_t> samples;
  std::string bytes;
  char part[4096];
  ssize_t length = 0;
  while ((length = ::read(fd, part, sizeof part)) > 0 || (length < 0 && errno == EINTR)) {
    bytes.append(part, static_cast<std::size_t>(std::max<ssize_t>(length, 0)));
  }
  if (length < 0) {
    return fail(errno, "reading the samples of dime-probe");
  }
  samples.resize(bytes.size() / sizeof samples[0]);
  std::memcpy(samples.data(), bytes.data(), samples.size() * sizeof samples[0]);
  std::sort(samples.begin(), samples.end());
  return samples;
}

Result<pid_t> start_probe(const Companions& companions, const ProbeRequest& request,
                          const std::string& control, int output) {
  std::vector<std::string> words = {companions.probe, fmt::format("{}", request.threads),
                                    fmt::format("{}", request.most_samples),
                                    fmt::format("{}", request.most_ns)};
  std::vector<std::string> environment = environment_with_agent(companions.agent, control);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  pid_t pid = 0;
  const int error = ::posix_spawn(&pid, companions.probe.c_str(), &actions, nullptr,
                                  pointers_to(words).data(), pointers_to(environment).data());
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    return fail(error, "starting {}", companions.probe);
  }
  return pid;
}

std::uint64_t difference(std::uint64_t a, std::uint64_t b) {
  return a > b ? a - b : 0;
}

}  // namespace

std::uint64_t quantile_of(const std::vector<std::uint64_t>& ascending, unsigned basis_points) {
  if (ascending.empty()) {
    return 0;
  }
  const std::size_t rank = (ascending.size() * basis_points + 9'999) / 10'000;
  return ascending[rank == 0 ? 0 : rank - 1];
}

Result<ProbeResult> run_probe(const Companions& companions, const ProbeRequest& request) {
  DIME_TRY(const ProcessId self, identify(::getpid()));
  DIME_TRY(const ControlBlock block,
           ControlBlock::create_private({request.parameters, request.calibration, self, false}));
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    return fail(errno, "making a pipe");
  }
  const UniqueFd output(ends[0]);
  UniqueFd input(ends[1]);
  DIME_TRY(const pid_t pid, start_probe(companions, request, block.path(), input.get()));
  input.reset();
  auto samples = read_samples(output.get());
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  DIME_CHECKED(check_agent_started(*block, pid));
  if (!samples) {
    return tl::unexpected(samples.error());
  }
  if (status != 0 || samples->empty() || block->counters.faults_remote < samples->size()) {
    return fail(0, "calibration failed: {} samples, {} remote accesses, exit status {:#x}",
                samples->size(), block->counters.faults_remote, status);
  }
  return ProbeResult{std::move(*samples), histogram::quantile(block->stall_ns, 5'000).value};
}

dime_parameters probe_parameters(std::uint64_t latency_ns) {
  dime_parameters parameters{};
  parameters.latency_ns = latency_ns;
  parameters.local_npages = kProbeLocalPages;
  parameters.writeback_depth = 64;
  std::strcpy(parameters.policy, policies::kFifo.name);
  return parameters;
}

Result<dime_calibration> calibrate(const Companions& companions) {
  dime_calibration measured{};
  const ClockMark start = mark_clocks();
  DIME_TRY(const ProbeResult one,
           run_probe(companions, {probe_parameters(0), measured, 1, kSamples, kMeasureNs}));
  measured.floor_ns = quantile_of(one.seen_ns, 5'000);
  measured.lead_ns = difference(measured.floor_ns, one.handler_p50_ns);
  DIME_TRY(const ProbeResult several,
           run_probe(companions,
                     {probe_parameters(kMultiLatencyNs), {}, kMultiThreads, kSamples, kMeasureNs}));
  measured.lead_multi_ns = difference(quantile_of(several.seen_ns, 5'000), several.handler_p50_ns);
  measured.tsc_hz = tsc_frequency(start, mark_clocks());
  return measured;
}

}  // namespace dime
