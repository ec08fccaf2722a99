// SPDX-License-Identifier: GPL-2.0
#include "report/run_result.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>

#include "base/monotonic.h"
#include "base/text.h"
#include "core/atomic.h"
#include "core/histogram.h"

namespace dime {

LinkUse use_of(const dime_link_direction& direction) {
  LinkUse use;
  use.bytes = atomic::load(direction.bytes);
  use.transfers = atomic::load(direction.transfers);
  const std::uint64_t first = atomic::load(direction.first_ns);
  const std::uint64_t last = atomic::load(direction.last_ns);
  if (last > first) {
    use.busy_share =
        static_cast<double>(atomic::load(direction.busy_ns)) / static_cast<double>(last - first);
  }
  if (use.transfers != 0) {
    use.queue_ns_mean = atomic::load(direction.queue_ns) / use.transfers;
  }
  return use;
}

StallTimes times_of(const dime_histogram& histogram, std::uint64_t target_ns,
                    std::uint64_t floor_ns) {
  StallTimes times;
  times.target_ns = target_ns;
  times.floor_ns = floor_ns;
  times.count = atomic::load(histogram.count);
  times.mean_ns = histogram::mean(histogram).value;
  times.p50_ns = histogram::quantile(histogram, 5'000).value;
  times.p90_ns = histogram::quantile(histogram, 9'000).value;
  times.p99_ns = histogram::quantile(histogram, 9'900).value;
  times.max_ns = atomic::load(histogram.max);
  for (unsigned i = 0; i < DIME_HISTOGRAM_BUCKETS; ++i) {
    if (const std::uint64_t count = atomic::load(histogram.buckets[i]); count != 0) {
      times.histogram.emplace_back(histogram::upper_bound(i), count);
    }
  }
  return times;
}

void read_block(const dime_control& control, const dime_link& link, RunResult& result) {
  result.instance_id = control.instance_id;
  result.counters = control.counters;
  result.levels = control.levels;
  // The handler thread cannot tell whose fault it serves.
  result.tells_system_calls = control.fault_path == DIME_FAULT_PATH_INLINE &&
                              atomic::load(control.counters.thread_path_members) == 0;
  result.stall = times_of(control.stall_ns, atomic::load(control.target_ns),
                          atomic::load(control.calibration.floor_ns));
  const dime_jitter& jitter = control.jitter;
  result.network = {atomic::load(jitter.shape),
                    atomic::load(jitter.correlation),
                    atomic::load(jitter.deviation_ns),
                    atomic::load(jitter.seed),
                    control.fetch_times,
                    control.schedule};
  result.rx = use_of(link.rx);
  result.tx = use_of(link.tx);
  result.last_problem = string_of(text_in(control.last_problem));
  read_tiers(control, result);
  read_phases(control, monotonic_ns(), result);
  result.processes.clear();
  for (const dime_member& member : control.members) {
    if (atomic::load_acquire(member.state) == DIME_MEMBER_FREE) {
      continue;
    }
    result.processes.push_back(
        {member.pid, member.parent_pid, string_of(text_in(member.comm)),
         atomic::load(member.faults_first_touch), atomic::load(member.faults_remote),
         atomic::load(member.faults_joined), atomic::load(member.faults_system_call),
         atomic::load(member.evictions), atomic::load(member.stall_ns_sum)});
  }
}

Machine describe_machine() {
  Machine machine;
  utsname names{};
  if (::uname(&names) == 0) {
    machine.kernel = std::string(names.sysname) + ' ' + names.release;
  }
  std::ifstream processors("/proc/cpuinfo");
  for (std::string line; std::getline(processors, line);) {
    if (line.starts_with("model name")) {
      const std::size_t text = line.find_first_not_of(": \t", line.find(':'));
      machine.cpu = text == std::string::npos ? "" : line.substr(text);
      break;
    }
  }
  machine.cpus = static_cast<unsigned>(::sysconf(_SC_NPROCESSORS_ONLN));
  machine.page_bytes = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  machine.memory_bytes = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) * machine.page_bytes;
  return machine;
}

double RunResult::stall_share() const {
  return thread_ns == 0
             ? 0
             : std::min(1.0, static_cast<double>(stall_ns) / static_cast<double>(thread_ns));
}

bool RunResult::pages_are_sampled() const {
  constexpr std::uint32_t kEverything = 10'000;
  bool all_local = engine == "user" && parameters.local_share >= kEverything;
  for (const TierUse& tier : tiers) {
    all_local = all_local && tier.counters.faults_remote == 0 && evictions_of(tier.counters) == 0;
  }
  return all_local;
}

}  // namespace dime
