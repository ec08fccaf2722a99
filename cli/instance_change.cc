// SPDX-License-Identifier: GPL-2.0
#include "cli/instance_change.h"

#include <algorithm>

#include "cli/instance_setup.h"
#include "control/directory.h"
#include "control/snapshot.h"

namespace dime {
namespace {

Result<ControlBlock*> instance_of(const EmulationRequest& request,
                                  std::vector<ControlBlock>& blocks) {
  if (!request.instance() && blocks.size() == 1) {
    return &blocks.front();
  }
  const auto found = std::find_if(blocks.begin(), blocks.end(), [&](const ControlBlock& block) {
    return request.instance() == block.id();
  });
  if (found != blocks.end()) {
    return &*found;
  }
  return no_instance(request, blocks.size());
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
  DIME_TRY(const ControlBlock::Writing writing, block->write());
  DIME_TRY(const dime_placement placement, changed(snapshot(*block)->placement, request.placement));
  DIME_TRY_VOID(check_choices(request));
  DIME_TRY_VOID(check_tier_choices(placement));
  EmulationRequest wanted = request;
  DIME_TRY_VOID(
      check_change(wanted, block->parameters(), placement, (*block)->calibration.floor_ns));
  dime_parameters parameters = block->parameters();
  config::apply(wanted.plan, parameters);
  DIME_TRY_VOID(ensure_links(parameters, placement));
  if (!request.placement.empty()) {
    clear_reused(**block, placement);
  }
  block->apply(writing, wanted.plan, &placement);
  // Somebody may have tidied up between the two steps, when no instance named them yet.
  DIME_TRY_VOID(ensure_links(parameters, placement));
  return remove_unused_links();
}

}  // namespace dime
