// SPDX-License-Identifier: GPL-2.0
#include "engines/kernel/client/rules.h"

#include <fmt/format.h>

#include <algorithm>

namespace dime::kernel {
namespace {

constexpr std::string_view kInstance = "instance_id=";
constexpr std::string_view kTier = "tier ";
constexpr std::string_view kPlace = "place ";

}  // namespace

Rules rules_in(std::string_view text, std::uint32_t id) {
  const std::string own = fmt::format("{}{}", kInstance, id);
  Rules found;
  bool is_own = false;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.starts_with(kInstance)) {
      is_own = line == own;
    } else if (is_own && line.starts_with(kTier)) {
      found.tiers.emplace_back(line.substr(kTier.size()));
    } else if (is_own && line.starts_with(kPlace)) {
      found.rules.emplace_back(line.substr(kPlace.size()));
    }
  }
  return found;
}

std::string rules_text(std::uint32_t id, const Rules& rules) {
  std::string text = fmt::format("{}{}\n", kInstance, id);
  for (const std::string& tier : rules.tiers) {
    text += fmt::format("{}{}\n", kTier, tier);
  }
  for (const std::string& rule : rules.rules) {
    text += fmt::format("{}{}\n", kPlace, rule);
  }
  return text;
}

Rules changed(const Rules& present, const Rules& change) {
  Rules result = present;
  // Of a tier that is named twice the later line changes what it names.
  result.tiers.insert(result.tiers.end(), change.tiers.begin(), change.tiers.end());
  if (!change.rules.empty()) {
    result.rules = change.rules;
  }
  return result;
}

}  // namespace dime::kernel
