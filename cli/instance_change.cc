// SPDX-License-Identifier: GPL-2.0
#include "cli/instance_change.h"

#include <algorithm>

#include "cli/instance_setup.h"
#include "control/directory.h"

namespace dime {
namespace {

Result<ControlBlock*> instance_of(const EmulationRequest& request,
                                  std::vector<ControlBlock>& blocks) {
  if (!request.instance && blocks.size() == 1) {
    return &blocks.front();
  }
  const auto found = std::find_if(blocks.begin(), blocks.end(), [&](const ControlBlock& block) {
    return request.instance == block.id();
  });
  if (found != blocks.end()) {
    return &*found;
  }
  return no_instance(request, blocks.size());
}

// What was given, over what the instance has.
dime_parameters changed_parameters(const EmulationRequest& request, dime_parameters parameters) {
  const dime_parameters& wanted = request.parameters;
  const auto given = [&](std::uint32_t which) { return (request.given & which) != 0; };
  const auto take_flag = [&](std::uint32_t which, std::uint32_t flag) {
    parameters.flags =
        given(which) ? (parameters.flags & ~flag) | (wanted.flags & flag) : parameters.flags;
  };
  if (given(kGivenLocal)) {
    parameters.local_npages = wanted.local_npages;
    parameters.local_share = wanted.local_share;
  }
  if (given(kGivenLatency)) {
    parameters.latency_ns = wanted.latency_ns;
  }
  if (given(kGivenBandwidth)) {
    parameters.bandwidth_bps = wanted.bandwidth_bps;
  }
  if (given(kGivenPolicy)) {
    std::copy(std::begin(wanted.policy), std::end(wanted.policy), parameters.policy);
  }
  if (given(kGivenLink)) {
    std::copy(std::begin(wanted.link), std::end(wanted.link), parameters.link);
  }
  if (given(kGivenWait)) {
    parameters.wait = wanted.wait;
  }
  if (given(kGivenWritebackDepth)) {
    parameters.writeback_depth = wanted.writeback_depth;
  }
  take_flag(kGivenNoFollow, DIME_FOLLOW_CHILDREN);
  take_flag(kGivenOneWay, DIME_ONE_WAY);
  take_flag(kGivenChargeFirstTouch, DIME_CHARGE_FIRST_TOUCH);
  take_flag(kGivenNoWriteback, DIME_WRITEBACK);
  return parameters;
}

// Of what is changed only; a latency that runs already is not raised.
Result<void> check_floor(const EmulationRequest& request, const dime_placement& placement,
                         std::uint64_t floor_ns, dime_parameters& parameters) {
  DIME_TRY_VOID(meet_floor_at_steps(request, floor_ns, parameters));
  if ((request.given & (kGivenLatency | kGivenBandwidth | kGivenOneWay)) != 0 ||
      request.network.fetch_times) {
    EmulationRequest asked = request;
    asked.given |= kGivenLatency;
    parameters.flags &= ~DIME_ALLOW_FLOOR;
    DIME_TRY_VOID(meet_floor(asked, floor_ns, parameters));
  }
  return request.placement.empty() ? Result<void>()
                                   : meet_floor(request, placement, floor_ns, parameters);
}

// A tier that takes another's entry begins with nothing.
void clear_reused(dime_control& control, const dime_placement& fresh) {
  for (unsigned tier = 1; tier < DIME_TIER_LOCAL; ++tier) {
    if (std::string_view(control.placement.tiers[tier].name) != fresh.tiers[tier].name) {
      control.tier_uses[tier].counters = {};
      control.tier_uses[tier].stall_ns = {};
    }
  }
  std::fill(std::begin(control.rule_matched), std::end(control.rule_matched), 0u);
}

Result<void> ensure_links(const dime_parameters& parameters, const dime_placement& placement) {
  if (parameters.link[0] != '\0') {
    DIME_TRY_VOID(ensure_link(parameters.link));
  }
  return ensure_tier_links(placement);
}

}  // namespace

Result<void> change_instance(const EmulationRequest& request) {
  DIME_TRY(std::vector<ControlBlock> blocks, open_instances());
  DIME_TRY(ControlBlock* const block, instance_of(request, blocks));
  DIME_TRY(const dime_placement placement, changed((*block)->placement, request.placement));
  DIME_TRY_VOID(check_policy(request));
  DIME_TRY_VOID(check_tier_policies(placement));
  dime_parameters parameters = changed_parameters(request, block->parameters());
  DIME_TRY_VOID(check_floor(request, placement, (*block)->calibration.floor_ns, parameters));
  DIME_TRY_VOID(ensure_links(parameters, placement));
  if (!request.placement.empty()) {
    clear_reused(**block, placement);
  }
  set_network(**block, request.network);
  DIME_TRY_VOID(block->change_parameters(parameters, &placement));
  // Somebody may have tidied up between the two steps, when no instance named them yet.
  DIME_TRY_VOID(ensure_links(parameters, placement));
  return remove_unused_links();
}

}  // namespace dime
