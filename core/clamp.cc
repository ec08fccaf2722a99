// SPDX-License-Identifier: GPL-2.0
#include "core/clamp.h"

#include "core/config_string.h"
#include "core/jitter.h"

namespace dime::clamp {
namespace {

template <class T>
void at_most(T& value, std::uint64_t most) {
  value = value <= most ? value : static_cast<T>(most);
}

/// Choices that do not exist become the first, which is the default.
void choice(std::uint32_t& value, std::uint32_t last) {
  value = value <= last ? value : 0;
}

template <unsigned kSize>
void close(char (&text)[kSize]) {
  text[kSize - 1] = '\0';
}

/// Links are files, so that a name with a '/' would be a path to somewhere else.
template <unsigned kSize>
void link_name(char (&name)[kSize]) {
  close(name);
  for (const char* c = name; *c != '\0'; ++c) {
    if (*c == '/') {
      name[0] = '\0';
      return;
    }
  }
}

void tier(dime_tier& copy) {
  at_most(copy.latency_ns, config::kMaxLatencyNs);
  at_most(copy.bandwidth_bps, config::kMaxBandwidthBps);
  at_most(copy.local_npages, config::kMaxLocalNpages);
  at_most(copy.local_share, config::kMaxLocalShare);
  close(copy.name);
  close(copy.policy);
  link_name(copy.link);
  close(copy.prefetch);
}

void rule(dime_rule& copy) {
  copy.tier = copy.tier < DIME_MAX_TIERS ? copy.tier : 0;
  close(copy.name);
  close(copy.comm);
  close(copy.text);
}

}  // namespace

void parameters(dime_parameters& copy) {
  at_most(copy.latency_ns, config::kMaxLatencyNs);
  at_most(copy.bandwidth_bps, config::kMaxBandwidthBps);
  at_most(copy.local_npages, config::kMaxLocalNpages);
  at_most(copy.local_share, config::kMaxLocalShare);
  at_most(copy.writeback_depth, config::kMaxWritebackDepth);
  choice(copy.wait, DIME_WAIT_SLEEP);
  choice(copy.scope, DIME_SCOPE_ALL);
  close(copy.policy);
  link_name(copy.link);
}

void placement(dime_placement& copy) {
  at_most(copy.rule_count, DIME_MAX_RULES);
  for (dime_tier& each : copy.tiers) {
    tier(each);
  }
  for (dime_rule& each : copy.rules) {
    rule(each);
  }
}

void control(dime_control& copy) {
  choice(copy.fault_path, DIME_FAULT_PATH_INLINE);
  choice(copy.mechanism, DIME_MECHANISM_COPY);
  for (auto& path : copy.site_tables) {
    close(path);
  }
  parameters(copy.parameters);
  close(copy.link.name);
  choice(copy.jitter.shape, DIME_JITTER_TABLE);
  at_most(copy.jitter.correlation, jitter::kMaxCorrelation);
  at_most(copy.fetch_times.count, DIME_MAX_FETCH_SIZES);
  at_most(copy.schedule.count, DIME_MAX_STEPS);
  at_most(copy.schedule.outage_max_ns, config::kMaxLatencyNs);
  close(copy.last_problem);
  for (dime_mark& mark : copy.marks) {
    close(mark.name);
  }
  placement(copy.placement);
  for (dime_member& member : copy.members) {
    choice(member.state, DIME_MEMBER_REAPED);
    close(member.comm);
  }
}

}  // namespace dime::clamp
