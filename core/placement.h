// SPDX-License-Identifier: GPL-2.0
// Which tier memory goes to: tiers and rules as text, and the matching of mappings against them.
//
//   tier   far: latency=20us, bandwidth=10Gbit/s, local=64MiB, policy=fifo, link=rack
//   tier   log: prefetch=sequential:4
//   rule   heap: far
//   rule   anon size>=1GiB comm=redis-server: far
//   rule   name=table-*: latency=60us
//   rule   range=0x7f0000000000-0x7f0040000000: local
//
// In front of the last colon that is not part of a term stand conditions, which must all hold: a
// kind (heap, stack, bss, anon, file, or all), name= or path= with '*' and '?', size>= and size<,
// range=, comm=. Behind it stands a tier: a name, `default` (the instance itself), `local` (never
// remote), or the terms of a tier that this rule makes. What a tier does not say is the instance's.
//
// Pure and without allocation; slices in a Refusal point into the text that was read.
#pragma once

#include "core/text.h"
#include "core/units.h"

namespace dime::placement {

inline constexpr unsigned kNoRule = DIME_MAX_RULES;

/// Why a text is refused: what is allowed instead, and the part of the text that is not.
struct [[nodiscard]] Refusal {
  const char* problem = nullptr;  ///< null = accepted
  Text part;
  [[nodiscard]] bool ok() const { return problem == nullptr; }
};

/// No rules, and of tiers only `default` and `local`.
void init(dime_placement& placement);

/// The tier called `name`, or DIME_MAX_TIERS.
unsigned find_tier(const dime_placement& placement, Text name);

/// Adds a tier, or gives new terms to one that is there (what is not given stays).
Refusal add_tier(dime_placement& placement, Text text);

/// Where the conditions of a rule end, which is at a colon; its size if it has none.
std::uint32_t end_of_conditions(Text rule);

/// Adds a rule behind the others, with the tier that it makes, if it does.
Refusal add_rule(dime_placement& placement, Text text);

/// What rules ask about a mapping.
struct Mapping {
  AddressRange range;
  dime_kind kind;
  Text name;  ///< NAME of [anon:NAME], or the file's path; empty where there is none
  Text comm;  ///< of the process
};

/// The tier of a part of a mapping, and where that part ends.
struct Piece {
  std::uint64_t end;
  unsigned tier;
  unsigned rule;  ///< kNoRule: none matched
};

/// What the rules say of `address` in `mapping`: the first that matches counts.
Piece piece_at(const dime_placement& placement, const Mapping& mapping, std::uint64_t address);

/// True if `text` matches `pattern`, in which '*' stands for any characters and '?' for one.
bool matches(Text pattern, Text text);

/// Where a tier's pages have a local set of their own.
inline bool has_own_set(const dime_placement& placement, unsigned tier) {
  return tier == DIME_TIER_LOCAL || (placement.tiers[tier].own & DIME_OWN_LOCAL) != 0;
}

/// True where there is more than the instance itself.
inline bool in_use(const dime_placement& placement) {
  for (unsigned tier = 1; tier < DIME_TIER_LOCAL; ++tier) {
    if (placement.tiers[tier].name[0] != '\0') {
      return true;
    }
  }
  return placement.rule_count != 0;
}

}  // namespace dime::placement
