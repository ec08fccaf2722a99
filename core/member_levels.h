// SPDX-License-Identifier: GPL-2.0
// Giving back what a member counts, for whoever finds its process gone: an agent or a `dime`
// command.
#pragma once

#include <cstdint>

#include "core/atomic.h"
#include "dime/abi.h"

namespace dime::member_levels {

/// Whether a member in this state (enum dime_member_state) counts pages.
inline bool counts(std::uint32_t state) {
  return state == DIME_MEMBER_STARTING || state == DIME_MEMBER_ACTIVE ||
         state == DIME_MEMBER_LEAVING;
}

/// Moves a member's share out of a level. A process that was killed between two stores may have
/// left them a page apart, so the level stops at zero instead of wrapping.
inline void take_off(std::uint64_t& level, std::uint64_t& share) {
  const std::uint64_t pages = atomic::exchange(share, std::uint64_t{0});
  std::uint64_t seen = atomic::load(level);
  while (!atomic::compare_exchange(level, seen, seen > pages ? seen - pages : 0)) {
  }
}

/// Takes what `member`, one of `control`'s, counts off the instance's levels and its tiers'.
inline void give_back(dime_control& control, dime_member& member) {
  take_off(control.levels.local_pages, member.local_pages);
  take_off(control.levels.managed_pages, member.managed_pages);
  take_off(control.levels.inherited_pages, member.inherited_pages);
  take_off(control.levels.unmanaged_pages, member.unmanaged_pages);
  for (unsigned tier = 1; tier < DIME_MAX_TIERS; ++tier) {
    dime_levels& levels = control.tier_uses[tier].levels;
    dime_tier_part& part = control.tier_parts[&member - control.members][tier];
    take_off(levels.local_pages, part.local_pages);
    take_off(levels.managed_pages, part.managed_pages);
    take_off(levels.inherited_pages, part.inherited_pages);
  }
}

}  // namespace dime::member_levels
