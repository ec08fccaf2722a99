// SPDX-License-Identifier: GPL-2.0
// What was asked stands next to what was measured, and what was missed is said.
#include "report/summary.h"

#include <fmt/format.h>

#include <iterator>

#include "core/jitter.h"
#include "core/quantity.h"

namespace dime {
namespace {

// Below this, start-up and single interruptions weigh too much.
constexpr double kShortRunSeconds = 0.1;
constexpr std::uint64_t kFewRemote = 100;
// A median further than this from the target is worth a line.
constexpr double kOffTarget = 0.05;

std::string time_text(std::uint64_t nanos) {
  return format_time({nanos}).c_str();
}

std::string pages_text(std::uint64_t pages) {
  return fmt::format("{} ({})", pages, format_bytes(pages * DIME_PAGE_BYTES).c_str());
}

std::string asked(const RunResult& result) {
  const dime_parameters& parameters = result.parameters;
  std::string text = fmt::format(
      "local {}, latency {}{}, bandwidth {}, policy {}",
      format_local({parameters.local_npages, parameters.local_share}).c_str(),
      time_text(parameters.latency_ns), (parameters.flags & DIME_ONE_WAY) != 0 ? " one-way" : "",
      format_bandwidth({parameters.bandwidth_bps}).c_str(), parameters.policy);
  if (parameters.link[0] != '\0') {
    text += fmt::format(", link {}", parameters.link);
  }
  const NetworkAsked& network = result.network;
  if (network.jitter_shape == DIME_JITTER_TABLE) {
    text += ", jitter from a table";
  } else if (network.jitter_shape != DIME_JITTER_NONE) {
    text += fmt::format(", jitter {} {}", jitter::name_of(network.jitter_shape),
                        time_text(network.jitter_deviation_ns));
  }
  if (network.fetch_times.count != 0) {
    text += ", fetch times from a table";
  }
  if (network.schedule.count != 0) {
    text += fmt::format(", schedule of {} {}", network.schedule.count,
                        network.schedule.count == 1 ? "step" : "steps");
  }
  return text;
}

std::string stall_text(const StallTimes& stall) {
  if (stall.count == 0) {
    return fmt::format("target {}, no stall happened", time_text(stall.target_ns));
  }
  return fmt::format("target {}: p50 {}, p99 {}, max {}, mean {}", time_text(stall.target_ns),
                     time_text(stall.p50_ns), time_text(stall.p99_ns), time_text(stall.max_ns),
                     time_text(stall.mean_ns));
}

std::string stalled_text(const RunResult& result) {
  constexpr double kNanos = 1e9;
  return fmt::format("{:.3f} s: stalls took {:.1f} % of the time of the program's threads",
                     static_cast<double>(result.stall_ns) / kNanos, 100 * result.stall_share());
}

std::string tier_text(const TierUse& tier) {
  std::string text = tier.name + ": ";
  if (tier.always_local) {
    return text + fmt::format("always local, {} first touch", tier.counters.faults_first_touch);
  }
  return text + fmt::format("{}; {} remote, {} first touch", stall_text(tier.stall),
                            tier.counters.faults_remote, tier.counters.faults_first_touch);
}

std::string phase_text(const PhaseUse& phase) {
  return fmt::format("{}: {:.3f} s, {} remote, {} first touch, stalled {}",
                     phase.name.empty() ? "(before the first mark)" : phase.name, phase.wall_s,
                     phase.remote, phase.first_touch, time_text(phase.stall_ns));
}

std::string direction_text(const char* name, const LinkUse& use) {
  return fmt::format("{} {} ({:.1f} % busy, mean wait {})", name, format_bytes(use.bytes).c_str(),
                     100 * use.busy_share, time_text(use.queue_ns_mean));
}

}  // namespace

std::vector<std::string> weaknesses(const RunResult& result) {
  std::vector<std::string> found;
  const StallTimes& stall = result.stall;
  if (result.wall_s < kShortRunSeconds) {
    found.push_back(fmt::format("short run ({:.0f} ms): start-up weighs", 1e3 * result.wall_s));
  }
  if (result.shared_instance) {
    found.push_back(fmt::format(
        "instance {} existed before: its counts are those of all its members", result.instance_id));
  }
  if (stall.count != 0 && stall.count < kFewRemote) {
    found.push_back(fmt::format("only {} stalls: quantiles are coarse", stall.count));
  }
  if ((result.parameters.flags & DIME_ALLOW_FLOOR) != 0) {
    found.push_back(
        fmt::format("the stall asked for is below the floor of {}: real stalls are longer",
                    time_text(stall.floor_ns)));
  } else if (result.tiers.size() <= 1 && stall.count >= kFewRemote &&
             result.rx.queue_ns_mean == 0 &&
             2 * result.counters.faults_system_call < result.counters.faults_remote &&
             result.network.jitter_shape == DIME_JITTER_NONE &&
             result.network.schedule.count == 0 &&
             static_cast<double>(stall.p50_ns) >
                 (1 + kOffTarget) * static_cast<double>(stall.target_ns)) {
    found.push_back(fmt::format(
        "the median stall is {:.0f} % above its target",
        100.0 * (static_cast<double>(stall.p50_ns) / static_cast<double>(stall.target_ns) - 1)));
  }
  for (const RuleUse& rule : result.rules) {
    if (!rule.matched) {
      found.push_back(fmt::format("the rule '{}' matched no memory", rule.text));
    }
  }
  if (result.marks_lost != 0) {
    found.push_back(fmt::format("{} marks were too many to be kept", result.marks_lost));
  }
  if (result.counters.evictions_refused != 0) {
    found.push_back(fmt::format("{} evictions were refused: those pages stayed local",
                                result.counters.evictions_refused));
  }
  if (result.counters.not_followed != 0) {
    const std::uint64_t programs = result.counters.not_followed;
    found.push_back(fmt::format("{} program{} could not be followed and ran without emulation",
                                programs, programs == 1 ? "" : "s"));
  }
  if (!result.last_problem.empty()) {
    found.push_back(result.last_problem);
  }
  return found;
}

std::string faults_text(const RunResult& result) {
  const dime_counters& counters = result.counters;
  const std::string calls = result.tells_system_calls
                                ? fmt::format(" ({} for system calls)", counters.faults_system_call)
                                : std::string();
  return fmt::format("{} remote{}, {} first touch, {} joined", counters.faults_remote, calls,
                     counters.faults_first_touch, counters.faults_joined);
}

namespace {

std::string evictions_text(const dime_counters& counters) {
  if (counters.evictions_unknown != 0) {
    return fmt::format("{}, clean and dirty not told apart, {} refused", evictions_of(counters),
                       counters.evictions_refused);
  }
  return fmt::format("{} dirty, {} clean, {} refused", counters.evictions_dirty,
                     counters.evictions_clean, counters.evictions_refused);
}

std::string prefetch_text(const dime_counters& counters) {
  return fmt::format("{} pages: {} used, {} late, {} useless", counters.prefetch_issued,
                     counters.prefetch_used, counters.prefetch_late, counters.prefetch_useless);
}

}  // namespace

std::string summarize(const RunResult& result) {
  const dime_counters& counters = result.counters;
  const dime_levels& levels = result.levels;
  std::string text;
  const auto line = [&text](const char* label, const std::string& value) {
    fmt::format_to(std::back_inserter(text), "dime: {:<10} {}\n", label, value);
  };
  line("asked", asked(result));
  line("stall", stall_text(result.stall));
  for (const TierUse& tier : result.tiers) {
    if (result.tiers.size() > 1) {
      line("tier", tier_text(tier));
    }
  }
  if (result.thread_ns != 0) {
    line("stalled", stalled_text(result));
  }
  line("faults", faults_text(result));
  line("evictions", evictions_text(counters));
  if (counters.prefetch_issued != 0) {
    line("prefetch", prefetch_text(counters));
  }
  line("pages", fmt::format("peak local {}, peak managed {}, peak unmanaged {}",
                            pages_text(levels.local_peak), pages_text(levels.managed_peak),
                            pages_text(levels.unmanaged_peak)));
  line("link", direction_text("rx", result.rx) + ", " + direction_text("tx", result.tx));
  line("time",
       fmt::format("wall {:.3f} s, user {:.3f} s, sys {:.3f} s, {} {}, exit status {}",
                   result.wall_s, result.user_s, result.sys_s, result.processes.size(),
                   result.processes.size() == 1 ? "process" : "processes", result.exit_status));
  for (const PhaseUse& phase : result.phases) {
    line("phase", phase_text(phase));
  }
  for (const std::string& weakness : weaknesses(result)) {
    line("note", weakness);
  }
  return text;
}

}  // namespace dime
