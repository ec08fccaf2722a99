// SPDX-License-Identifier: GPL-2.0
#include "core/choice_text.h"

#include "core/quantity.h"
#include "dime/abi.h"

namespace dime::choice_text {
namespace {

constexpr const char* kOutOfBounds = "out of bounds";

bool is_separator(char c) {
  return c == ',' || c == ':';
}

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c);
}

bool is_of_name(char c) {
  return is_letter_or_digit(c) || c == '-' || c == '_' || c == '.';
}

bool is_allowed(char c) {
  return is_of_name(c) || c == '=' || c == '%' || is_separator(c);
}

bool consists_of(Text text, bool (*is)(char)) {
  for (std::uint32_t i = 0; i < text.size; ++i) {
    if (!is(text[i])) {
      return false;
    }
  }
  return true;
}

// Also one below 0 or above what 64 bits hold.
bool is_integer(Text text) {
  const bool has_sign = !text.empty() && text[0] == '-';
  const Text digits = text.slice(has_sign ? 1 : 0, text.size);
  return !digits.empty() && consists_of(digits, is_digit);
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

std::uint32_t end_of_part(Text text, std::uint32_t begin) {
  while (begin < text.size && !is_separator(text[begin])) {
    ++begin;
  }
  return begin;
}

Text name_of(Text text) {
  return text.slice(0, end_of_part(text, 0));
}

bool is_name(Text text) {
  return !text.empty() && text.size < DIME_NAME_BYTES && is_letter_or_digit(text[0]) &&
         consists_of(text, is_of_name);
}

bool is_well_formed(Text text) {
  return text.size < DIME_NAME_BYTES && is_name(name_of(text)) && consists_of(text, is_allowed);
}

void set_defaults(const dime_policy_parameter* parameters, std::uint32_t count,
                  std::uint64_t* values) {
  for (std::uint32_t i = 0; i < count; ++i) {
    values[i] = parameters[i].otherwise;
  }
}

Refusal read_value(const dime_policy_parameter& parameter, Text value, Text part,
                   std::uint64_t& number) {
  if (parameter.unit == DIME_UNIT_SHARE) {
    const Parsed<std::uint32_t> share = parse_share(value);
    number = share.value;
    if (!share.ok()) {
      return {"not a share such as 10%", part};
    }
  } else if (!read_decimal(value, number)) {
    return {is_integer(value) ? kOutOfBounds : "not a number", part};
  }
  if (number < parameter.least || number > parameter.most) {
    return {kOutOfBounds, part};
  }
  return {};
}

Refusal read_part(const dime_policy_parameter* parameters, std::uint32_t count, Text part,
                  std::uint64_t* values) {
  const std::uint32_t equals = part.find('=');
  const Text name = part.slice(0, equals);
  const Text value = equals < part.size ? part.slice(equals + 1, part.size) : Text();
  for (std::uint32_t i = 0; i < count; ++i) {
    if (Text(parameters[i].name) == name) {
      return read_value(parameters[i], value, part, values[i]);
    }
  }
  return {"no such parameter", part};
}

void describe(TextWriter& out, const dime_policy_parameter* parameters, std::uint32_t count) {
  for (std::uint32_t i = 0; i < count; ++i) {
    const dime_policy_parameter& parameter = parameters[i];
    out.put(Text(i == 0 ? "" : ", ")).put(Text(parameter.name)).put('=');
    put_value(out, parameter, parameter.otherwise);
    out.put(Text(" ("));
    put_value(out, parameter, parameter.least);
    out.put(Text(" to "));
    put_value(out, parameter, parameter.most);
    out.put(Text(": ")).put(Text(parameter.summary)).put(')');
  }
}

}  // namespace dime::choice_text
