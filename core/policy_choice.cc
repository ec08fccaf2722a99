// SPDX-License-Identifier: GPL-2.0
#include "core/policy_choice.h"

#include "core/quantity.h"
#include "dime/abi.h"

namespace dime::policy_choice {
namespace {

bool is_separator(char c) {
  return c == ',' || c == ':';
}

bool is_allowed(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '-' || c == '_' ||
         c == '.' || c == '=' || c == '%' || is_separator(c);
}

std::uint32_t end_of_part(Text text, std::uint32_t begin) {
  while (begin < text.size && !is_separator(text[begin])) {
    ++begin;
  }
  return begin;
}

/// False where `value` is none of the unit.
bool read_value(Text value, const dime_policy_parameter& parameter, std::uint64_t& number) {
  if (parameter.unit == DIME_UNIT_SHARE) {
    const Parsed<std::uint32_t> share = parse_share(value);
    number = share.value;
    return share.ok();
  }
  return read_decimal(value, number);
}

void put_value(TextWriter& out, const dime_policy_parameter& parameter, std::uint64_t value) {
  constexpr std::uint64_t kHundred = 100;
  constexpr unsigned kDigits = 2;
  if (parameter.unit != DIME_UNIT_SHARE) {
    out.put(value);
    return;
  }
  out.put(value / kHundred);
  if (value % kHundred != 0) {
    out.put('.').put(value % kHundred, kDigits, '0');
  }
  out.put('%');
}

}  // namespace

Text name_of(Text text) {
  return text.slice(0, end_of_part(text, 0));
}

bool is_well_formed(Text text) {
  if (text.empty() || text.size >= DIME_NAME_BYTES || name_of(text).empty() || text[0] == '-') {
    return false;
  }
  for (std::uint32_t i = 0; i < text.size; ++i) {
    if (!is_allowed(text[i])) {
      return false;
    }
  }
  return true;
}

Refusal read(const dime_policy_ops& policy, Text text, PolicyChoice& choice) {
  choice = {};
  choice.policy = &policy;
  for (unsigned i = 0; i < policy.parameter_count; ++i) {
    choice.values[i] = policy.parameters[i].otherwise;
  }
  for (std::uint32_t at = end_of_part(text, 0); at < text.size;) {
    const std::uint32_t end = end_of_part(text, at + 1);
    const Text part = text.slice(at + 1, end);
    at = end;
    const std::uint32_t equals = part.find('=');
    const Text name = part.slice(0, equals);
    const Text value = equals < part.size ? part.slice(equals + 1, part.size) : Text();
    if (name == Text("blind")) {
      if (!(value == Text("ok"))) {
        return {"only ok is allowed", part};
      }
      choice.blind_ok = true;
      continue;
    }
    unsigned i = 0;
    while (i < policy.parameter_count && !(Text(policy.parameters[i].name) == name)) {
      ++i;
    }
    if (i == policy.parameter_count) {
      return {"no such parameter", part};
    }
    const dime_policy_parameter& parameter = policy.parameters[i];
    if (!read_value(value, parameter, choice.values[i])) {
      return {parameter.unit == DIME_UNIT_SHARE ? "not a share such as 10%" : "not a number", part};
    }
    if (choice.values[i] < parameter.least || choice.values[i] > parameter.most) {
      return {"out of bounds", part};
    }
  }
  return {};
}

const char* missing(const dime_policy_ops& policy, std::uint32_t sees) {
  const std::uint32_t wanted = policy.needs & ~sees;
  if ((wanted & DIME_SEES_FUTURE) != 0) {
    return "when pages will be accessed, which only the simulator knows";
  }
  return (wanted & DIME_SEES_ACCESSES) != 0
             ? "every access to a page, and sees only faults"
             : "which local pages are accessed, and sees only faults";
}

std::uint64_t describe_parameters(const dime_policy_ops& policy, char* buffer, std::uint64_t size) {
  TextWriter out(buffer, size);
  for (unsigned i = 0; i < policy.parameter_count; ++i) {
    const dime_policy_parameter& parameter = policy.parameters[i];
    out.put(Text(i == 0 ? "" : ", ")).put(Text(parameter.name)).put('=');
    put_value(out, parameter, parameter.otherwise);
    out.put(Text(" ("));
    put_value(out, parameter, parameter.least);
    out.put(Text(" to "));
    put_value(out, parameter, parameter.most);
    out.put(Text(": ")).put(Text(parameter.summary)).put(')');
  }
  return out.length();
}

}  // namespace dime::policy_choice
