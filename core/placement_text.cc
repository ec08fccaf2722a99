// SPDX-License-Identifier: GPL-2.0
// Tiers and rules as text. Each reader fills a copy, so that a refused text changes nothing.
#include "core/choice_text.h"
#include "core/config_string.h"
#include "core/placement.h"
#include "core/policy_choice.h"
#include "core/quantity.h"

namespace dime::placement {
namespace {

constexpr const char* kTierName =
    "a tier's name has up to 31 letters, digits, '-', '_' and '.', the first a letter or digit";
constexpr const char* kTerms =
    "allowed: latency=, bandwidth=, local=, policy=, prefetch= and link=, each once";
constexpr const char* kConditions =
    "allowed: heap, stack, bss, anon, file, all, name=, path=, size>=, size<, range=, comm=";

constexpr const char* kTarget =
    "no such tier; allowed: default, local, a tier that was made before, or latency=...";

constexpr const char* kKinds[] = {"heap", "stack", "bss", "anon", "file"};

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

Text trimmed(Text text) {
  std::uint32_t begin = 0;
  std::uint32_t end = text.size;
  while (begin < end && is_blank(text[begin])) {
    ++begin;
  }
  while (end > begin && is_blank(text[end - 1])) {
    --end;
  }
  return text.slice(begin, end);
}

/// Takes `prefix` off the front of `text`.
bool take(Text& text, Text prefix) {
  if (text.size < prefix.size || !(text.slice(0, prefix.size) == prefix)) {
    return false;
  }
  text = text.slice(prefix.size, text.size);
  return true;
}

template <unsigned kSize>
bool put(char (&to)[kSize], Text text) {
  TextWriter(to, kSize).put(text);
  return text.size < kSize;
}

// ---- tiers ----

template <class T, class Field>
Refusal read_quantity(Text value, Text part, const Parsed<T>& parsed, Field&& store) {
  if (value.empty() || !parsed.ok()) {
    return {value.empty() ? "no value" : parsed.problem, part};
  }
  store(parsed.value);
  return {};
}

Refusal read_term(dime_tier& tier, Text part, std::uint32_t& given) {
  Text value = part;
  std::uint32_t which = 0;
  Refusal refusal;
  if (take(value, "latency=")) {
    which = DIME_OWN_LATENCY;
    refusal = read_quantity(value, part, parse_latency(value),
                            [&](Nanos latency) { tier.latency_ns = latency.value; });
  } else if (take(value, "bandwidth=")) {
    which = DIME_OWN_BANDWIDTH;
    refusal = read_quantity(value, part, parse_bandwidth(value),
                            [&](BitsPerSecond rate) { tier.bandwidth_bps = rate.value; });
  } else if (take(value, "local=")) {
    which = DIME_OWN_LOCAL;
    refusal = read_quantity(value, part, parse_local(value), [&](LocalSize size) {
      tier.local_npages = size.npages;
      tier.local_share = size.share;
    });
  } else if (take(value, "policy=")) {
    which = DIME_OWN_POLICY;
    refusal.problem = policy_choice::is_well_formed(value) ? nullptr : "not a policy";
    put(tier.policy, refusal.ok() ? value : Text(""));
  } else if (take(value, "prefetch=")) {
    which = DIME_OWN_PREFETCH;
    refusal.problem = choice_text::is_well_formed(value)
                          ? nullptr
                          : config::row_of(config::Key::kPrefetch).allowed;
    put(tier.prefetch, refusal.ok() ? value : Text(""));
  } else if (take(value, "link=")) {
    which = DIME_OWN_LINK;
    refusal.problem = config::is_name(value) ? nullptr : config::row_of(config::Key::kLink).allowed;
    put(tier.link, refusal.ok() ? value : Text(""));
  }
  if (which == 0 || (given & which) != 0) {
    return {kTerms, part};
  }
  given |= which;
  tier.own |= which;
  refusal.part = part;
  return refusal;
}

/// Terms between commas.
Refusal read_terms(dime_tier& tier, Text text) {
  std::uint32_t given = 0;
  for (std::uint32_t begin = 0; begin <= text.size;) {
    const Text rest = text.slice(begin, text.size);
    const std::uint32_t comma = rest.find(',');
    if (const Refusal refusal = read_term(tier, trimmed(rest.slice(0, comma)), given);
        !refusal.ok()) {
      return {refusal.problem, refusal.part.empty() ? text : refusal.part};
    }
    begin += comma + 1;
  }
  if ((tier.own & DIME_OWN_POLICY) != 0 && (tier.own & DIME_OWN_LOCAL) == 0) {
    return {"a policy of its own needs a limit of its own: local=", text};
  }
  return {};
}

/// A tier of that name: the one that is there, or a free entry. DIME_MAX_TIERS: there is none.
unsigned tier_for(const dime_placement& placement, Text name) {
  const unsigned found = find_tier(placement, name);
  return found != DIME_MAX_TIERS ? found : find_tier(placement, "");
}

Refusal set_tier(dime_placement& placement, Text name, Text terms, unsigned& tier) {
  if (!config::is_name(name)) {
    return {kTierName, name};
  }
  tier = tier_for(placement, name);
  if (tier == 0 || tier == DIME_TIER_LOCAL) {
    return {"`default` is the instance itself and `local` has no terms", name};
  }
  if (tier == DIME_MAX_TIERS) {
    return {"no more tiers: 6 besides default and local", name};
  }
  dime_tier changed = placement.tiers[tier];
  put(changed.name, name);
  if (const Refusal refusal = read_terms(changed, terms); !refusal.ok()) {
    return refusal;
  }
  placement.tiers[tier] = changed;
  return {};
}

// ---- rules ----

bool read_address(Text text, std::uint64_t& value) {
  if (!take(text, "0x") || text.empty() || text.size > 16) {
    return false;
  }
  value = 0;
  for (std::uint32_t i = 0; i < text.size; ++i) {
    const char c = text[i];
    if (is_digit(c)) {
      value = value * 16 + static_cast<std::uint64_t>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      value = value * 16 + static_cast<std::uint64_t>(c - 'a' + 10);
    } else {
      return false;
    }
  }
  return true;
}

Refusal read_range(dime_rule& rule, Text value, Text part) {
  const std::uint32_t dash = value.find('-');
  const bool read = dash != value.size && read_address(value.slice(0, dash), rule.begin) &&
                    read_address(value.slice(dash + 1, value.size), rule.end) &&
                    rule.begin < rule.end && rule.begin % kPageBytes == 0 &&
                    rule.end % kPageBytes == 0;
  return read ? Refusal{} : Refusal{"allowed: range=0xBEGIN-0xEND in whole pages of 4 KiB", part};
}

Refusal read_size(Text value, Text part, std::uint64_t& bytes) {
  return read_quantity(value, part, parse_bytes(value), [&](std::uint64_t size) { bytes = size; });
}

Refusal read_name(dime_rule& rule, Text value, Text part) {
  if (value.empty() || rule.name[0] != '\0' || !put(rule.name, value)) {
    return {"allowed: one name of up to 95 characters", part};
  }
  return {};
}

Refusal read_condition(dime_rule& rule, Text part) {
  Text value = part;
  if (part == Text("all")) {
    return {};
  }
  for (unsigned kind = 0; kind < sizeof kKinds / sizeof *kKinds; ++kind) {
    if (part == Text(kKinds[kind])) {
      rule.kinds |= 1u << kind;
      return {};
    }
  }
  if (take(value, "name=") || take(value, "path=")) {
    return read_name(rule, value, part);
  }
  if (take(value, "size>=")) {
    return read_size(value, part, rule.least_bytes);
  }
  if (take(value, "size<")) {
    const Refusal refusal = read_size(value, part, rule.most_bytes);
    rule.most_bytes -= rule.most_bytes == 0 ? 0 : 1;
    return refusal;
  }
  if (take(value, "range=")) {
    return read_range(rule, value, part);
  }
  if (take(value, "comm=")) {
    const bool fits = !value.empty() && rule.comm[0] == '\0' && put(rule.comm, value);
    return fits ? Refusal{} : Refusal{"allowed: one process name of up to 15 characters", part};
  }
  return {kConditions, part};
}

Refusal read_conditions(dime_rule& rule, Text text) {
  rule.most_bytes = UINT64_MAX;
  for (std::uint32_t begin = 0; begin < text.size;) {
    std::uint32_t end = begin;
    while (end < text.size && !is_blank(text[end])) {
      ++end;
    }
    const Text part = text.slice(begin, end);
    if (const Refusal refusal = part.empty() ? Refusal{} : read_condition(rule, part);
        !refusal.ok()) {
      return refusal;
    }
    begin = end + 1;
  }
  return rule.least_bytes <= rule.most_bytes
             ? Refusal{}
             : Refusal{"no size is that large and that small", text};
}

/// A name for a tier that a rule makes: what it is for, where that is a name that is free.
void name_tier(const dime_placement& placement, const dime_rule& rule, Text conditions,
               char (&name)[DIME_NAME_BYTES]) {
  const Text wanted = rule.name[0] != '\0' ? Text(rule.name) : conditions;
  if (config::is_name(wanted) && find_tier(placement, wanted) == DIME_MAX_TIERS) {
    put(name, wanted);
    return;
  }
  std::uint64_t number = 1;
  do {
    TextWriter(name, sizeof name).put("tier").put(number++);
  } while (find_tier(placement, Text(name)) != DIME_MAX_TIERS);
}

Refusal read_target(dime_placement& placement, dime_rule& rule, Text conditions, Text target) {
  if (target.find('=') != target.size) {
    char name[DIME_NAME_BYTES];
    name_tier(placement, rule, conditions, name);
    const Refusal refusal = set_tier(placement, Text(name), target, rule.tier);
    if (refusal.ok()) {
      placement.tiers[rule.tier].own |= DIME_OWN_BY_RULE;
    }
    return refusal;
  }
  rule.tier = find_tier(placement, target);
  return rule.tier == DIME_MAX_TIERS ? Refusal{kTarget, target} : Refusal{};
}

/// Two rules for the same addresses of the same process leave open which was meant.
bool overlaps(const dime_rule& a, const dime_rule& b) {
  const bool same_process = a.comm[0] == '\0' || b.comm[0] == '\0' || Text(a.comm) == Text(b.comm);
  return same_process && a.end != 0 && b.end != 0 && a.begin < b.end && b.begin < a.end;
}

/// Whether what stands before a colon, back to the last blank or comma, is a term whose values have
/// colons in them.
bool has_colons(Text before) {
  std::uint32_t begin = before.size;
  while (begin != 0 && !is_blank(before[begin - 1]) && before[begin - 1] != ',') {
    --begin;
  }
  for (std::uint32_t i = begin; i < before.size; ++i) {
    Text rest = before.slice(i, before.size);
    if ((i == begin || before[i - 1] == ':') &&
        (take(rest, "policy=") || take(rest, "prefetch="))) {
      return true;
    }
  }
  return false;
}

}  // namespace

std::uint32_t end_of_conditions(Text rule) {
  for (std::uint32_t i = rule.size; i != 0; --i) {
    if (rule[i - 1] == ':' && !has_colons(rule.slice(0, i - 1))) {
      return i - 1;
    }
  }
  return rule.size;
}

Refusal add_tier(dime_placement& placement, Text text) {
  const std::uint32_t colon = text.find(':');
  if (colon == text.size) {
    return {"allowed: NAME: latency=...,bandwidth=...", text};
  }
  unsigned tier = 0;
  return set_tier(placement, trimmed(text.slice(0, colon)),
                  trimmed(text.slice(colon + 1, text.size)), tier);
}

Refusal add_rule(dime_placement& placement, Text text) {
  text = trimmed(text);
  const std::uint32_t colon = end_of_conditions(text);
  if (colon == text.size) {
    return {"allowed: CONDITIONS: TIER", text};
  }
  const Text conditions = trimmed(text.slice(0, colon));
  const Text target = trimmed(text.slice(colon + 1, text.size));
  if (conditions.empty() || target.empty()) {
    return {conditions.empty() ? kConditions : kTarget, text};
  }
  if (placement.rule_count == DIME_MAX_RULES) {
    return {"no more rules: 32", text};
  }
  dime_rule rule{};
  if (const Refusal refusal = read_conditions(rule, conditions); !refusal.ok()) {
    return refusal;
  }
  if (!put(rule.text, text)) {
    return {"a rule has up to 159 characters", text};
  }
  for (unsigned i = 0; i < placement.rule_count; ++i) {
    if (overlaps(rule, placement.rules[i])) {
      return {"its addresses are those of a rule before it, in part or all", conditions};
    }
  }
  if (const Refusal refusal =
          read_target(placement, rule, conditions, trimmed(text.slice(colon + 1, text.size)));
      !refusal.ok()) {
    return refusal;
  }
  placement.rules[placement.rule_count++] = rule;
  return {};
}

}  // namespace dime::placement
