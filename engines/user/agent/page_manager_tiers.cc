// SPDX-License-Identifier: GPL-2.0
// The manager's part in tiers: rules that change, and what the program itself says of its memory.
#include "core/atomic.h"
#include "core/policy_choice.h"
#include "engines/user/agent/page_manager.h"
#include "policies/registry.h"

namespace dime::agent {

/// The share of the pages that a recording samples, 0 = all.
std::uint32_t PageManager::sample() const {
  const dime_events* const events = membership_.events();
  return events == nullptr ? 0 : events->sample;
}

/// Tiers are in use from now on, with the one that is always local.
bool PageManager::start_tiers() {
  if (space_.tiers().in_use()) {
    return true;
  }
  if (!space_.start_tiers(membership_.member().comm, control_.rule_matched)) {
    membership_.note_problem("out of memory for tiers; all memory is of one");
    return false;
  }
  space_.tiers().read_rules(control_.placement);
  space_.tiers().use_sample(sample());
  follow_tier(DIME_TIER_LOCAL);
  return true;
}

void PageManager::follow_placement() {
  const bool wanted = placement::in_use(control_.placement) || sample() != 0;
  if ((!wanted && !space_.tiers().in_use()) || !start_tiers()) {
    return;
  }
  space_.tiers().read_rules(control_.placement);
  if (atomic::load_acquire(control_.parameters.sequence) != parameters_) {
    parameters_ = ~std::uint64_t{0};  // changed meanwhile: read again at the next tick
    return;
  }
  for (unsigned tier = 1; tier < DIME_MAX_TIERS; ++tier) {
    follow_tier(tier);
  }
  space_.judge_all();
}

/// The tier's pages (tier 0: the instance's) are ranked as `text` says from now on, unless they are
/// already, or it cannot be read.
void PageManager::follow_policy(unsigned tier, const char* text) {
  const Text wanted(text);
  if (instance().policy(tier) != nullptr && wanted == Text(policy_in_use_[tier])) {
    return;
  }
  const Text name = policy_choice::name_of(wanted);
  const dime_policy_ops* const built_in = policies::find(name);
  const dime_policy_ops* const policy = built_in != nullptr ? built_in : own_policy_.find(name);
  PolicyChoice choice;
  if (policy == nullptr || !policy_choice::read(*policy, wanted, choice).ok()) {
    return;
  }
  const auto slot = static_cast<std::uint64_t>(&membership_.member() - control_.members);
  if (instance().use_policy(tier, *policy, policy_seed(control_.instance_id, tier, slot),
                            choice.values)) {
    TextWriter(policy_in_use_[tier], DIME_NAME_BYTES).put(wanted);
  }
}

/// Limit, ranking, prefetcher and link of one tier.
void PageManager::follow_tier(unsigned tier) {
  const dime_placement& rules = space_.tiers().rules();
  const dime_tier& wanted = rules.tiers[tier];
  const bool own_policy = (wanted.own & DIME_OWN_POLICY) != 0;
  const bool own_set = placement::has_own_set(rules, tier);
  if (own_set) {
    follow_policy(tier, tier == DIME_TIER_LOCAL ? policies::kFifo.name
                        : own_policy            ? wanted.policy
                                                : control_.parameters.policy);
  }
  instance().use_own_set(tier, own_set && instance().policy(tier) != nullptr);
  follow_prefetch(tier, (wanted.own & DIME_OWN_PREFETCH) != 0 ? wanted.prefetch : "");
  if ((wanted.own & DIME_OWN_LINK) != 0) {
    if (dime_link* const link = membership_.named_link(wanted.link); link != nullptr) {
      instance().use_link(tier, link);
    }
  } else {
    const bool own_wire = (wanted.own & DIME_OWN_BANDWIDTH) != 0;
    instance().use_link(tier, own_wire ? &control_.tier_uses[tier].link : nullptr);
  }
}

void PageManager::mapped(AddressRange range, dime_kind kind) {
  space_.judge_new(range, kind);
}

void PageManager::named(AddressRange range, const char* name) {
  if (!space_.named(range, name)) {
    membership_.note_problem("a name of memory had no room");
  }
}

void PageManager::mark(const char* name) {
  const std::uint64_t index = atomic::add(control_.mark_count, std::uint64_t{1}) - 1;
  if (index >= DIME_MAX_MARKS) {
    return;
  }
  dime_mark& mark = control_.marks[index];
  const dime_counters& counters = control_.counters;
  mark.at_ns = clock::now().value;
  mark.first_touch = atomic::load(counters.faults_first_touch);
  mark.remote = atomic::load(counters.faults_remote);
  mark.joined = atomic::load(counters.faults_joined);
  mark.evictions = atomic::load(counters.evictions_clean) + atomic::load(counters.evictions_dirty) +
                   atomic::load(counters.evictions_unknown);
  mark.stall_ns = atomic::load(control_.stall_ns.sum);
  mark.pid = membership_.member().pid;
  for (unsigned i = 0; i + 1 < DIME_NAME_BYTES && name[i] != '\0'; ++i) {
    mark.name[i] = name[i];
  }
  atomic::store_release(mark.ready, 1u);
}

}  // namespace dime::agent
