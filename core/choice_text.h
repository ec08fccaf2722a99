// SPDX-License-Identifier: GPL-2.0
// What the texts of --policy and --prefetch have in common: a name, then PARAMETER=VALUE as often
// as wanted, with commas or colons between them.
#pragma once

#include "core/text.h"
#include "dime/policy.h"

namespace dime::choice_text {

/// What is refused, and why; no problem where all is well.
struct Refusal {
  const char* problem = nullptr;
  Text part;
  [[nodiscard]] bool ok() const { return problem == nullptr; }
};

/// The part of `text` that is the name.
Text name_of(Text text);

/// Where the part that begins at `begin` ends.
std::uint32_t end_of_part(Text text, std::uint32_t begin);

/// True if `text` can name something: letters, digits, '-', '_' and '.', a letter or digit first,
/// shorter than DIME_NAME_BYTES.
bool is_name(Text text);

/// True if `text` consists of what such a choice can: those characters, shorter than
/// DIME_NAME_BYTES, with a name.
bool is_well_formed(Text text);

/// Gives each parameter the value that it has where none is given.
void set_defaults(const dime_policy_parameter* parameters, std::uint32_t count,
                  std::uint64_t* values);

/// Reads the value of a parameter. `part` is where it stands, for the refusal.
Refusal read_value(const dime_policy_parameter& parameter, Text value, Text part,
                   std::uint64_t& number);

/// Reads `part`, NAME=VALUE, into the place of the parameter among `values`.
Refusal read_part(const dime_policy_parameter* parameters, std::uint32_t count, Text part,
                  std::uint64_t* values);

/// Writes `small=10% (0.01% to 90%: share of the small queue), ...`.
void describe(TextWriter& out, const dime_policy_parameter* parameters, std::uint32_t count);

}  // namespace dime::choice_text
