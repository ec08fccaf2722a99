// SPDX-License-Identifier: GPL-2.0
#include "engines/user/calibration/calibration.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <string_view>

#include "base/clock_source.h"
#include "base/environment.h"
#include "control/control_block.h"
#include "control/members.h"
#include "core/histogram.h"
#include "core/parameters.h"
#include "engines/user/calibration/agent_environment.h"
#include "policies/registry.h"

namespace dime {
namespace {

constexpr std::uint64_t kProbeLocalPages = 256;
// What is measured at start: enough for a steady median, short enough for nobody to notice. Where
// an access takes longer than usual, so does this, for as many samples.
constexpr std::uint64_t kMeasureNs = 7'000'000;
constexpr std::uint64_t kUsualFloorNs = 8'000;
constexpr std::uint64_t kMostMeasureNs = 60'000'000;
constexpr unsigned kSamples = 400;
// The leads are measured with stalls that the handler spins through. At zero latency caches are
// warmer than behind a stall, and several threads would queue for the handler, which is no part of
// a stall that is waited for.
constexpr std::uint64_t kLeadLatencyNs = 20'000;
// On the inline path the lead grows a little with the stall, by some 0.2 us from 8 us to 50 us. A
// short one has to meet it best.
constexpr std::uint64_t kInlineLeadLatencyNs = 12'000;
constexpr std::uint64_t kLeadMultiLatencyNs = 40'000;
// A write to a hole makes the kernel get and clear a page before it reports the fault.
constexpr std::uint64_t kMostForNewPage = 1'500;

constexpr std::uint64_t kMostRest = 4'000;

// The times above are for a machine where an access takes some 5 to 9 us. On a slower one they grow
// with `unstalled_ns`, what it takes at zero latency: a stall that is measured has to be above
// that.
std::uint64_t measured_stall(std::uint64_t usual_ns, std::uint64_t unstalled_ns) {
  return std::max(usual_ns, unstalled_ns + unstalled_ns / 2);
}
std::uint64_t measure_time(std::uint64_t unstalled_ns) {
  return std::min(kMostMeasureNs,
                  kMeasureNs * std::max(unstalled_ns, kUsualFloorNs) / kUsualFloorNs);
}
std::uint64_t most_for_new_page(std::uint64_t unstalled_ns) {
  return std::max(kMostForNewPage, unstalled_ns / 4);
}
std::uint64_t most_rest(std::uint64_t unstalled_ns) {
  return std::max(kMostRest, unstalled_ns / 2);
}

constexpr unsigned kMedian = 5'000;
constexpr unsigned kLowerQuartile = 2'500;
constexpr std::ptrdiff_t kStretch = 40;

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
  return samples;
}

struct Pipe {
  UniqueFd reader;
  UniqueFd writer;
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    return fail(errno, "making a pipe");
  }
  return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

Result<pid_t> start_probe(const Companions& companions, const ProbeRequest& request,
                          std::vector<std::string> environment, int input, int output) {
  std::vector<std::string> words = {companions.probe,
                                    fmt::format("{}", request.threads),
                                    fmt::format("{}", request.most_samples),
                                    fmt::format("{}", request.most_ns),
                                    is_tsc_usable() ? "tsc" : "clock",
                                    request.reads ? "read" : "write"};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
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

// What a program sees of a stall beyond that.
std::uint64_t lead_of(const ProbeResult& result) {
  const std::uint64_t seen = quiet_median(result.seen_ns);
  const std::uint64_t own = result.handler_ns;
  return seen > own ? seen - own : 0;
}

// By how much stalls were longer than asked under an agent that finds its lead itself and knew of
// no rest. It has to find it first.
std::uint64_t rest_of(const ProbeResult& result, std::uint64_t stall_ns, std::uint64_t most_ns) {
  std::vector<std::uint64_t> seen(
      result.seen_ns.begin() + static_cast<std::ptrdiff_t>(result.seen_ns.size() / 4),
      result.seen_ns.end());
  const std::uint64_t quiet = quiet_median(seen);
  std::sort(seen.begin(), seen.end());
  const std::uint64_t median = quantile_of(seen, kMedian);
  // Far apart, most of it was disturbed by others.
  const std::uint64_t usual = median > quiet + stall_ns / 10 ? quiet : median;
  return usual < stall_ns ? 0 : std::min(usual - stall_ns, most_ns);
}

Result<ProbeResult> probe_lead(const Companions& companions, const FaultPath& path,
                               std::uint64_t latency_ns, std::uint64_t most_ns, unsigned threads,
                               bool reads = false) {
  return run_probe(companions,
                   {probe_parameters(latency_ns), {}, path, threads, kSamples, most_ns, reads});
}

}  // namespace

std::uint64_t quiet_median(const std::vector<std::uint64_t>& in_order) {
  std::uint64_t least = 0;
  for (auto begin = in_order.begin(); begin != in_order.end();) {
    const auto end = begin + std::min(kStretch, in_order.end() - begin);
    std::vector<std::uint64_t> stretch(begin, end);
    std::sort(stretch.begin(), stretch.end());
    const std::uint64_t median = quantile_of(stretch, kMedian);
    // A short rest at the end counts only where there is nothing else.
    if (least == 0 || (median < least && end - begin == kStretch)) {
      least = median;
    }
    begin = end;
  }
  return least;
}

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
           ControlBlock::create_private({request.parameters, request.calibration, self, false,
                                         nullptr, request.fault_path}));
  pid_t pid = 0;
  auto samples = run_probe_program(
      companions, request,
      environment_with_agent(companions.agent, block.path(), AgentNeed::kOptional),
      [&pid](pid_t started) -> Result<void> {
        pid = started;
        return {};
      });
  if (pid != 0) {
    auto started = check_agent_started(*block, pid);
    if (!started && !samples) {
      started.error().message += fmt::format(" ({})", samples.error().message);
    }
    DIME_TRY_VOID(started);
  }
  DIME_TRY_VOID(samples);
  if (samples->empty() || block->counters.faults_remote < samples->size()) {
    return fail(0, "calibration failed: {} samples, {} remote accesses", samples->size(),
                block->counters.faults_remote);
  }
  const dime_member& member = block->members[0];
  // The agent's measurements come without order; their lower quartile is what quiet moments give.
  return ProbeResult{std::move(*samples),
                     histogram::quantile(block->stall_ns, kLowerQuartile).value,
                     request.reads ? member.found_read_ns : member.found_ns};
}

Result<std::vector<std::uint64_t>> run_probe_program(
    const Companions& companions, const ProbeRequest& request, std::vector<std::string> environment,
    const std::function<Result<void>(pid_t)>& admit) {
  DIME_TRY(Pipe go, make_pipe());
  DIME_TRY(Pipe output, make_pipe());
  DIME_TRY(const pid_t pid, start_probe(companions, request, std::move(environment),
                                        go.reader.get(), output.writer.get()));
  output.writer.reset();
  const auto admitted = admit(pid);
  if (!admitted) {
    ::kill(pid, SIGKILL);
  }
  go.writer.reset();
  auto samples = read_samples(output.reader.get());
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  DIME_TRY_VOID(admitted);
  if (samples && status != 0) {
    return fail(0, "calibration failed: dime-probe ended with status {:#x}", status);
  }
  return samples;
}

dime_parameters probe_parameters(std::uint64_t latency_ns) {
  dime_parameters parameters{};
  parameters.latency_ns = latency_ns;
  parameters.local_npages = kProbeLocalPages;
  parameters.writeback_depth = 64;
  std::string_view(policies::kFifo.name).copy(parameters.policy, sizeof parameters.policy - 1);
  config::set_name(config::row_of(config::Key::kPrefetch), parameters, config::kDefaultPrefetch);
  return parameters;
}

Result<dime_calibration> calibrate(const Companions& companions, const FaultPath& path) {
  dime_calibration measured{};
  const ClockMark start = mark_clocks();
  DIME_TRY(const ProbeResult unstalled,
           run_probe(companions, {probe_parameters(0), {}, path, 1, kSamples, kMeasureNs}));
  const std::uint64_t least_seen = quiet_median(unstalled.seen_ns);
  const std::uint64_t time = measure_time(least_seen);
  const std::uint64_t stall = measured_stall(
      path.kind == DIME_FAULT_PATH_THREAD ? kLeadLatencyNs : kInlineLeadLatencyNs, least_seen);
  DIME_TRY(const ProbeResult write, probe_lead(companions, path, stall, time, 1));
  DIME_TRY(const ProbeResult read, probe_lead(companions, path, stall, time, 1, /*reads=*/true));
  if (write.found_ns != 0 && read.found_ns != 0) {
    measured.found_ns = write.found_ns;
    measured.found_read_ns = read.found_ns;
    measured.lead_ns = write.found_ns + rest_of(write, stall, most_rest(least_seen));
    measured.lead_read_ns = read.found_ns + rest_of(read, stall, most_rest(least_seen));
  } else {
    // Two measurements of one thing: behind a stall the lead is some per cent longer. Where it is
    // far longer, that run was disturbed, and a lead that is too long would shorten every stall.
    const std::uint64_t least = lead_of(unstalled);
    const std::uint64_t usual = lead_of(write);
    measured.lead_ns = usual * 5 > least * 6 ? least : usual;
    const std::uint64_t least_read =
        measured.lead_ns - std::min(measured.lead_ns, most_for_new_page(least_seen));
    measured.lead_read_ns = std::clamp(lead_of(read), least_read, measured.lead_ns);
  }
  measured.floor_ns = std::min(least_seen, measured.lead_ns + unstalled.handler_ns);
  if (path.kind == DIME_FAULT_PATH_THREAD) {
    DIME_TRY(
        const ProbeResult several,
        probe_lead(companions, path, measured_stall(kLeadMultiLatencyNs, 2 * least_seen), time, 2));
    measured.lead_multi_ns = std::min(lead_of(several), measured.lead_ns * 3);
  }
  measured.tsc_hz = tsc_frequency(start, mark_clocks());
  return measured;
}

}  // namespace dime
