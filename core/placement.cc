// SPDX-License-Identifier: GPL-2.0
#include "core/placement.h"

namespace dime::placement {
namespace {

template <unsigned kSize>
void put_name(char (&to)[kSize], Text name) {
  TextWriter(to, kSize).put(name);
}

/// All conditions but the address.
bool fits(const dime_rule& rule, const Mapping& mapping) {
  const std::uint64_t bytes = mapping.range.bytes();
  return (rule.kinds == 0 || (rule.kinds & (1u << mapping.kind)) != 0) &&
         bytes >= rule.least_bytes && bytes <= rule.most_bytes &&
         (rule.name[0] == '\0' || matches(text_in(rule.name), mapping.name)) &&
         (rule.comm[0] == '\0' || text_in(rule.comm) == mapping.comm);
}

}  // namespace

bool matches(Text pattern, Text text) {
  // On a mismatch, the last '*' takes one character more.
  std::uint32_t p = 0;
  std::uint32_t t = 0;
  std::uint32_t star = pattern.size;
  std::uint32_t resume = 0;
  while (t < text.size) {
    if (p < pattern.size && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != pattern.size) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size && pattern[p] == '*') {
    ++p;
  }
  return p == pattern.size;
}

void init(dime_placement& placement) {
  __builtin_memset(&placement, 0, sizeof placement);
  put_name(placement.tiers[0].name, "default");
  put_name(placement.tiers[DIME_TIER_LOCAL].name, "local");
}

unsigned find_tier(const dime_placement& placement, Text name) {
  unsigned tier = 0;
  while (tier < DIME_MAX_TIERS && !(text_in(placement.tiers[tier].name) == name)) {
    ++tier;
  }
  return tier;
}

Piece piece_at(const dime_placement& placement, const Mapping& mapping, std::uint64_t address) {
  Piece piece{mapping.range.end, 0, kNoRule};
  for (unsigned i = 0; i < placement.rule_count && i < DIME_MAX_RULES; ++i) {
    const dime_rule& rule = placement.rules[i];
    if (!fits(rule, mapping)) {
      continue;
    }
    const AddressRange where{rule.begin, rule.end == 0 ? mapping.range.end : rule.end};
    if (where.contains(address)) {
      piece.end = where.end < piece.end ? where.end : piece.end;
      piece.tier = rule.tier < DIME_MAX_TIERS ? rule.tier : 0;
      piece.rule = i;
      return piece;
    }
    if (where.begin > address && where.begin < piece.end) {
      piece.end = where.begin;  // from there on this rule comes before those behind it
    }
  }
  return piece;
}

}  // namespace dime::placement
