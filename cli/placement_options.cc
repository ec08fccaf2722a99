// SPDX-License-Identifier: GPL-2.0
#include "cli/placement_options.h"

#include "base/text.h"
#include "core/link.h"
#include "core/placement.h"

namespace dime {
namespace {

Result<void> accepted(const char* option, const std::string& text,
                      const placement::Refusal& refusal) {
  if (refusal.ok()) {
    return {};
  }
  const std::string part = string_of(refusal.part);
  return fail(0, "{} '{}': {}{}", option, text, part == text ? "" : fmt::format("'{}': ", part),
              refusal.problem);
}

// Tiers that rules have made go with their rules.
void drop_rules(dime_placement& placement) {
  placement.rule_count = 0;
  for (dime_tier& tier : placement.tiers) {
    if ((tier.own & DIME_OWN_BY_RULE) != 0) {
      tier = {};
    }
  }
}

}  // namespace

void PlacementOptions::add_to(CLI::App& app, const char* group) {
  app.add_option("--tier", request_.tiers,
                 "a tier of memory, as in 'far: latency=20us,bandwidth=10Gbit/s,local=64MiB'; can "
                 "be given again")
      ->type_name("NAME: TERMS")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->group(group);
  app.add_option("--place", request_.rules,
                 "what memory goes to which tier, as in 'heap: far', 'name=table-*: local' or "
                 "'stack: latency=2us'; the first that matches counts; can be given again")
      ->type_name("WHAT: TIER")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->group(group);
}

Result<dime_placement> changed(const dime_placement& present, const PlacementRequest& request) {
  dime_placement placement = present;
  if (!request.rules.empty()) {
    drop_rules(placement);
  }
  for (const std::string& tier : request.tiers) {
    DIME_TRY_VOID(accepted("--tier", tier, placement::add_tier(placement, tier)));
  }
  for (const std::string& rule : request.rules) {
    DIME_TRY_VOID(accepted("--place", rule, placement::add_rule(placement, rule)));
  }
  return placement;
}

Result<dime_placement> new_placement(const PlacementRequest& request) {
  dime_placement none;
  placement::init(none);
  return changed(none, request);
}

const dime_tier* tier_below_floor(const dime_placement& placement,
                                  const dime_parameters& parameters, std::uint64_t floor_ns) {
  for (unsigned tier = 1; tier < DIME_TIER_LOCAL; ++tier) {
    const dime_tier& own = placement.tiers[tier];
    const bool says = (own.own & (DIME_OWN_LATENCY | DIME_OWN_BANDWIDTH)) != 0;
    if (says && link::unloaded_stall(parameters, nullptr, own).value < floor_ns) {
      return &own;
    }
  }
  return nullptr;
}

}  // namespace dime
