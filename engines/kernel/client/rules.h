// SPDX-License-Identifier: GPL-2.0
// /proc/dime_rules as data: the tiers and rules of the module's instances, as text. The form is
// described in engines/kernel/rules.c; nothing here touches the machine.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dime::kernel {

/// Each as `--tier` and `--place` take it.
struct Rules {
  std::vector<std::string> tiers;
  std::vector<std::string> rules;
};

/// Those of the instance `id`; empty where it has none, or there is no such instance.
Rules rules_in(std::string_view text, std::uint32_t id);

/// What is written to have them from then on.
std::string rules_text(std::uint32_t id, const Rules& rules);

/// `present` after `change`: its tiers are added or changed, and its rules, where there are any,
/// stand for all that were there.
Rules changed(const Rules& present, const Rules& change);

}  // namespace dime::kernel
