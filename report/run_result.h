// SPDX-License-Identifier: GPL-2.0
// The result of one run: everything that the summary, the JSON and later reports are made from.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "dime/abi.h"
#include "report/samples.h"

namespace dime {

struct Machine {
  std::string kernel;
  std::string cpu;
  unsigned cpus = 0;
  std::uint64_t memory_bytes = 0;
  std::uint64_t page_bytes = 0;
};

/// One direction of the link, over the run. For a named link: what all its users did.
struct LinkUse {
  std::uint64_t bytes = 0;
  std::uint64_t transfers = 0;
  double busy_share = 0;  ///< of the time from the first transfer to the end of the last, 0 to 1
  std::uint64_t queue_ns_mean = 0;
};

/// What shapes the network besides latency and bandwidth.
struct NetworkAsked {
  std::uint32_t jitter_shape = 0;        ///< enum dime_jitter_shape
  std::uint32_t jitter_correlation = 0;  ///< per cent times 100
  std::uint64_t jitter_deviation_ns = 0;
  std::uint64_t seed = 0;
  dime_fetch_times fetch_times{};
  dime_schedule schedule{};
};

struct StallTimes {
  std::uint64_t target_ns = 0;
  std::uint64_t floor_ns = 0;
  std::uint64_t count = 0;
  std::uint64_t mean_ns = 0;
  std::uint64_t p50_ns = 0;
  std::uint64_t p90_ns = 0;
  std::uint64_t p99_ns = 0;
  std::uint64_t max_ns = 0;
  /// Upper bound and count of each bucket that is not empty.
  std::vector<std::pair<std::uint64_t, std::uint64_t>> histogram;
};

/// One tier over the run. The first, `default`, is what the others leave of the instance's figures.
struct TierUse {
  std::string name;
  std::uint64_t latency_ns = 0;
  std::uint64_t bandwidth_bps = 0;
  std::string policy;
  std::string prefetch;
  std::string link;           ///< "" = none that has a name
  bool always_local = false;  ///< the tier `local`
  bool own_limit = false;     ///< the pages below are its own, and so is its policy
  std::uint64_t local_npages = 0;
  std::uint32_t local_share = 0;
  std::uint64_t local_peak = 0;
  std::uint64_t managed_peak = 0;
  dime_counters counters{};
  StallTimes stall;
  bool own_link = false;  ///< `rx` and `tx` are of a wire of its own
  LinkUse rx;
  LinkUse tx;
};

struct RuleUse {
  std::string text;
  bool matched = false;
};

/// From one mark of a program to the next, or to the end.
struct PhaseUse {
  std::string name;  ///< "" before the first mark
  std::uint32_t pid = 0;
  double start_s = 0;  ///< after the instance began
  double wall_s = 0;
  std::uint64_t first_touch = 0;
  std::uint64_t remote = 0;
  std::uint64_t joined = 0;
  std::uint64_t evictions = 0;
  std::uint64_t stall_ns = 0;
};

struct ProcessUse {
  std::uint32_t pid = 0;
  std::uint32_t parent_pid = 0;
  std::string comm;
  std::uint64_t first_touch = 0;
  std::uint64_t remote = 0;
  std::uint64_t joined = 0;
  std::uint64_t system_call = 0;
  std::uint64_t evictions = 0;
  std::uint64_t stall_ns = 0;
};

/// All evictions, however they ended.
inline std::uint64_t evictions_of(const dime_counters& counters) {
  return counters.evictions_clean + counters.evictions_dirty + counters.evictions_unknown;
}

struct RunResult {
  std::string version;
  std::string engine;
  std::string fault_path;
  std::string mechanism;   ///< how pages are made inaccessible: "move", "page-tables"
  std::string privileges;  ///< what the user's userfaultfds may report, or "kernel"
  Machine machine;
  std::vector<std::string> command;
  int exit_status = 0;  ///< 128 + number where a signal ended the program
  std::uint32_t instance_id = 0;
  bool shared_instance = false;  ///< joined: the counts are those of all its members so far
  dime_parameters parameters{};
  NetworkAsked network;
  double wall_s = 0;
  double user_s = 0;
  double sys_s = 0;
  dime_counters counters{};
  dime_levels levels{};
  bool tells_system_calls = false;  ///< pages fetched for system calls are counted apart
  StallTimes stall;
  LinkUse rx;
  LinkUse tx;
  std::vector<TierUse> tiers;    ///< at least `default`
  std::vector<RuleUse> rules;    ///< in their order
  std::vector<PhaseUse> phases;  ///< none without marks
  std::uint64_t marks_lost = 0;  ///< marks that there was no room for
  std::vector<ProcessUse> processes;
  std::string last_problem;
  std::vector<Sample> samples;  ///< none where no series was taken
  std::uint64_t stall_ns = 0;   ///< that threads spent in stalls while the result's run lasted
  std::uint64_t thread_ns = 0;  ///< that threads lived, as far as readings saw them; 0 = not known

  /// Share of the threads' time that stalls took, 0 to 1.
  [[nodiscard]] double stall_share() const;

  /// Where all pages may be local, the user engine watches none: pages and first touches are what
  /// looks at the page tables have found, which miss what came and went between them.
  [[nodiscard]] bool pages_are_sampled() const;
};

/// Tiers, rules and phases of a block, for read_block. `now_ns` ends the last phase.
void read_tiers(const dime_control& control, RunResult& result);
void read_phases(const dime_control& control, std::uint64_t now_ns, RunResult& result);

/// Figures of one direction of a link.
LinkUse use_of(const dime_link_direction& direction);

/// Quantiles of a histogram.
StallTimes times_of(const dime_histogram& histogram, std::uint64_t target_ns,
                    std::uint64_t floor_ns);

/// What the control block says; the rest of the result is left as it is. Another process may still
/// write the block: every number is read once, so that they are each right but may be a few faults
/// apart.
void read_block(const dime_control& control, const dime_link& link, RunResult& result);

/// What there is to know about this machine; empty or 0 where it cannot be read.
Machine describe_machine();

}  // namespace dime
