// SPDX-License-Identifier: GPL-2.0
// Tiers and rules as text, and their matching, for the shim.
#include "core/parameters.h"
#include "core/placement.h"
#include "core/quantity.h"
#include "rules.h"

namespace {

using namespace dime;

/// Takes `prefix` off the front of `text`.
bool take(Text& text, Text prefix) {
  if (text.size < prefix.size || !(text.slice(0, prefix.size) == prefix)) {
    return false;
  }
  text = text.slice(prefix.size, text.size);
  return true;
}

/// One line; the first has to name the instance.
placement::Refusal read_line(Text line, bool first, std::uint32_t& id, dime_placement& rules) {
  Text rest = line;
  std::uint64_t number = 0;
  if (first) {
    const bool read =
        take(rest, "instance_id=") && read_decimal(rest, number) && number <= INT32_MAX;
    id = static_cast<std::uint32_t>(number);
    return read ? placement::Refusal{} : placement::Refusal{"allowed: instance_id=N first", line};
  }
  if (take(rest, "tier ")) {
    return placement::add_tier(rules, rest);
  }
  if (take(rest, "place ")) {
    return placement::add_rule(rules, rest);
  }
  return {"allowed: tier NAME: TERMS, or place WHAT: TIER", line};
}

void put_terms(TextWriter& out, const dime_tier& tier) {
  const char* separator = " ";
  const auto term = [&](std::uint32_t which, const char* key) {
    const bool given = (tier.own & which) != 0;
    if (given) {
      out.put(separator).put(key);
      separator = ",";
    }
    return given;
  };
  if (term(DIME_OWN_LATENCY, "latency=")) {
    out.put(tier.latency_ns).put("ns");
  }
  if (term(DIME_OWN_BANDWIDTH, "bandwidth=")) {
    put_bandwidth(out, {tier.bandwidth_bps});
  }
  if (term(DIME_OWN_LOCAL, "local=")) {
    if (tier.local_share != 0) {
      put_share(out, tier.local_share);
    } else {
      out.put(tier.local_npages).put('p');
    }
  }
  if (term(DIME_OWN_POLICY, "policy=")) {
    out.put(tier.policy);
  }
  if (term(DIME_OWN_PREFETCH, "prefetch=")) {
    out.put(tier.prefetch);
  }
  if (term(DIME_OWN_LINK, "link=")) {
    out.put(tier.link);
  }
}

/// Tiers are for both engines, prefetchers are not.
placement::Refusal check_prefetch(const dime_placement& rules) {
  for (const dime_tier& tier : rules.tiers) {
    const Text text(tier.prefetch);
    if ((tier.own & DIME_OWN_PREFETCH) != 0 && !(text == Text(config::kDefaultPrefetch))) {
      return {"the kernel engine fetches nothing ahead; allowed: prefetch=none", text};
    }
  }
  return {};
}

/// The conditions of a rule as it was written.
Text conditions_of(const dime_rule& rule) {
  const Text text(rule.text);
  return text.slice(0, placement::end_of_conditions(text));
}

}  // namespace

extern "C" {

int dk_rules_read(const char* text, uint32_t length, uint32_t* instance_id, dime_placement* rules,
                  char* message) {
  placement::init(*rules);
  bool first = true;
  for (std::uint32_t begin = 0; begin < length;) {
    const Text rest{text + begin, length - begin};
    const Text line = rest.slice(0, rest.find('\n'));
    begin += line.size + 1;
    if (line.empty()) {
      continue;
    }
    placement::Refusal refusal = read_line(line, first, *instance_id, *rules);
    if (refusal.ok()) {
      refusal = check_prefetch(*rules);
    }
    first = false;
    if (!refusal.ok()) {
      TextWriter(message, DK_RULES_MESSAGE).put(refusal.part).put(": ").put(refusal.problem);
      return -1;
    }
  }
  if (first) {
    TextWriter(message, DK_RULES_MESSAGE).put("instance_id: missing");
    return -1;
  }
  return 0;
}

uint64_t dk_rules_write(uint32_t instance_id, const dime_placement* rules, char* buffer,
                        uint64_t size) {
  TextWriter out(buffer, size);
  out.put("instance_id=").put(std::uint64_t{instance_id}).put('\n');
  for (unsigned tier = 1; tier < DIME_TIER_LOCAL; ++tier) {
    if (rules->tiers[tier].name[0] != '\0') {
      out.put("tier ").put(rules->tiers[tier].name).put(':');
      put_terms(out, rules->tiers[tier]);
      out.put('\n');
    }
  }
  for (unsigned i = 0; i < rules->rule_count; ++i) {
    const dime_rule& rule = rules->rules[i];
    out.put("place ").put(conditions_of(rule)).put(": ");
    out.put(rules->tiers[rule.tier].name).put('\n');
  }
  return out.length();
}

uint32_t dk_rules_find_tier(const dime_placement* rules, const char* name) {
  return *name == '\0' ? DIME_MAX_TIERS : placement::find_tier(*rules, name);
}

uint32_t dk_rules_tier(const dime_placement* rules, const dk_facts* facts, uint64_t address,
                       uint32_t* matched) {
  if (facts->places != nullptr) {
    const std::uint32_t placed = dk_places_at(facts->places, address);
    if (placed != DIME_MAX_TIERS) {
      return placed;
    }
  }
  AddressRange part{facts->begin, facts->end};
  const char* name = facts->name;
  if (facts->names != nullptr && *name == '\0') {
    name = dk_names_at(facts->names, address, &part.begin, &part.end);
  }
  const placement::Mapping mapping{part, static_cast<dime_kind>(facts->kind), name, facts->comm};
  const placement::Piece piece = placement::piece_at(*rules, mapping, address);
  if (piece.rule != placement::kNoRule) {
    matched[piece.rule] = 1;
  }
  return piece.tier;
}

}  // extern "C"
