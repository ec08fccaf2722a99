// SPDX-License-Identifier: GPL-2.0
// The results of tiers, rules and phases. Nothing is kept of tier 0, so that an instance without
// other tiers pays nothing for them: it is the instance's figures less those of the others. Other
// processes may still write, so every difference stops at zero.
#include <algorithm>
#include <cstring>
#include <memory>

#include "base/text.h"
#include "core/atomic.h"
#include "core/histogram.h"
#include "core/link.h"
#include "core/placement.h"
#include "report/run_result.h"

namespace dime {
namespace {

std::uint64_t less(std::uint64_t whole, std::uint64_t part) {
  return whole > part ? whole - part : 0;
}

dime_counters less(const dime_counters& whole, const dime_counters& part) {
  dime_counters rest = whole;
  for (std::uint64_t dime_counters::*which :
       {&dime_counters::faults_first_touch, &dime_counters::faults_remote,
        &dime_counters::faults_joined, &dime_counters::faults_system_call,
        &dime_counters::evictions_clean, &dime_counters::evictions_dirty,
        &dime_counters::evictions_unknown, &dime_counters::evictions_refused,
        &dime_counters::prefetch_issued, &dime_counters::prefetch_used,
        &dime_counters::prefetch_late, &dime_counters::prefetch_useless}) {
    rest.*which = less(whole.*which, part.*which);
  }
  return rest;
}

// The largest of what is left is not known exactly: it is its bucket's upper end, or that of all.
void take_off(dime_histogram& whole, const dime_histogram& part) {
  whole.count = less(whole.count, atomic::load(part.count));
  whole.sum = less(whole.sum, atomic::load(part.sum));
  std::uint64_t highest = 0;
  for (unsigned i = 0; i < DIME_HISTOGRAM_BUCKETS; ++i) {
    whole.buckets[i] = less(whole.buckets[i], atomic::load(part.buckets[i]));
    highest = whole.buckets[i] != 0 ? histogram::upper_bound(i) : highest;
  }
  whole.max = std::min(whole.max, highest);
}

bool is_used(const dime_control& control, unsigned tier) {
  if (tier != DIME_TIER_LOCAL) {
    return control.placement.tiers[tier].name[0] != '\0';
  }
  const dime_rule* const end = control.placement.rules + control.placement.rule_count;
  return atomic::load(control.tier_uses[tier].levels.managed_peak) != 0 ||
         std::any_of(control.placement.rules, end,
                     [&](const dime_rule& rule) { return rule.tier == tier; });
}

// What the tier asks for, with the instance's where it has nothing of its own.
TierUse terms_of(const dime_control& control, const dime_parameters& parameters, unsigned tier) {
  const dime_tier& own = control.placement.tiers[tier];
  const auto has = [&](std::uint32_t which) { return (own.own & which) != 0; };
  TierUse use;
  use.name = tier == 0 ? "default" : string_of(text_in(own.name));
  use.latency_ns = has(DIME_OWN_LATENCY) ? own.latency_ns : parameters.latency_ns;
  use.bandwidth_bps = has(DIME_OWN_BANDWIDTH) ? own.bandwidth_bps : parameters.bandwidth_bps;
  use.policy = string_of(text_in(has(DIME_OWN_POLICY) ? own.policy : parameters.policy));
  use.prefetch = string_of(text_in(has(DIME_OWN_PREFETCH) ? own.prefetch : parameters.prefetch));
  use.link = has(DIME_OWN_LINK)        ? string_of(text_in(own.link))
             : has(DIME_OWN_BANDWIDTH) ? ""
                                       : string_of(text_in(parameters.link));
  use.always_local = tier == DIME_TIER_LOCAL;
  use.own_limit = tier == 0 || placement::has_own_set(control.placement, tier);
  use.local_npages = tier == 0 ? parameters.local_npages : own.local_npages;
  use.local_share = tier == 0 ? parameters.local_share : own.local_share;
  const dime_levels& levels = tier == 0 ? control.levels : control.tier_uses[tier].levels;
  use.local_peak = atomic::load(levels.local_peak);
  use.managed_peak = atomic::load(levels.managed_peak);
  use.own_link = has(DIME_OWN_BANDWIDTH) && !has(DIME_OWN_LINK);
  return use;
}

}  // namespace

void read_tiers(const dime_control& control, RunResult& result) {
  const dime_parameters& parameters = result.parameters;
  const std::uint64_t floor_ns = atomic::load(control.calibration.floor_ns);
  auto rest = std::make_unique<dime_histogram>(control.stall_ns);
  TierUse whole = terms_of(control, parameters, 0);
  whole.counters = control.counters;
  result.tiers.assign(1, whole);
  for (unsigned tier = 1; tier < DIME_MAX_TIERS; ++tier) {
    if (!is_used(control, tier)) {
      continue;
    }
    const dime_tier_use& seen = control.tier_uses[tier];
    TierUse use = terms_of(control, parameters, tier);
    use.counters = seen.counters;
    const std::uint64_t target =
        use.always_local
            ? 0
            : link::unloaded_stall(parameters, &control.fetch_times, control.placement.tiers[tier])
                  .value;
    use.stall = times_of(seen.stall_ns, target, floor_ns);
    use.rx = use_of(seen.link.rx);
    use.tx = use_of(seen.link.tx);
    take_off(*rest, seen.stall_ns);
    whole.counters = less(whole.counters, use.counters);
    result.tiers.push_back(std::move(use));
  }
  result.tiers.front().counters = whole.counters;
  result.tiers.front().stall = times_of(*rest, atomic::load(control.target_ns), floor_ns);
  result.rules.clear();
  for (unsigned i = 0; i < std::min<unsigned>(control.placement.rule_count, DIME_MAX_RULES); ++i) {
    result.rules.push_back({string_of(text_in(control.placement.rules[i].text)),
                            atomic::load(control.rule_matched[i]) != 0});
  }
}

void read_phases(const dime_control& control, std::uint64_t now_ns, RunResult& result) {
  constexpr double kNanos = 1e9;
  const std::uint64_t set = atomic::load(control.mark_count);
  std::vector<dime_mark> marks;
  marks.emplace_back().at_ns = control.created_ns;
  for (std::uint64_t i = 0; i < std::min<std::uint64_t>(set, DIME_MAX_MARKS); ++i) {
    if (atomic::load_acquire(control.marks[i].ready) != 0) {
      marks.push_back(control.marks[i]);
    }
  }
  result.marks_lost = less(set, DIME_MAX_MARKS);
  result.phases.clear();
  if (marks.size() == 1) {
    return;
  }
  const dime_counters& counters = control.counters;
  dime_mark end{};
  end.at_ns = now_ns;
  end.first_touch = atomic::load(counters.faults_first_touch);
  end.remote = atomic::load(counters.faults_remote);
  end.joined = atomic::load(counters.faults_joined);
  end.evictions = evictions_of(counters);
  end.stall_ns = atomic::load(control.stall_ns.sum);
  marks.push_back(end);
  for (std::size_t i = 0; i + 1 < marks.size(); ++i) {
    const dime_mark& from = marks[i];
    const dime_mark& to = marks[i + 1];
    PhaseUse phase{string_of(text_in(from.name)), from.pid};
    phase.start_s = static_cast<double>(less(from.at_ns, control.created_ns)) / kNanos;
    phase.wall_s = static_cast<double>(less(to.at_ns, from.at_ns)) / kNanos;
    phase.first_touch = less(to.first_touch, from.first_touch);
    phase.remote = less(to.remote, from.remote);
    phase.joined = less(to.joined, from.joined);
    phase.evictions = less(to.evictions, from.evictions);
    phase.stall_ns = less(to.stall_ns, from.stall_ns);
    result.phases.push_back(std::move(phase));
  }
}

}  // namespace dime
