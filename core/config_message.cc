// SPDX-License-Identifier: GPL-2.0
// What a person is told about a refused configuration string. One line:
//
//   latency_ns=5us: not a decimal number; allowed: 0 to 60000000000 nanoseconds, without a unit
#include "core/config_string.h"

namespace dime::config {
namespace {

constexpr std::uint32_t kQuotedCharacters = 40;

/// Text that came from outside: cut, and what would not print shown as '?'.
void put_quoted(TextWriter& out, Text text) {
  const std::uint32_t shown = text.size < kQuotedCharacters ? text.size : kQuotedCharacters;
  for (std::uint32_t i = 0; i < shown; ++i) {
    const char c = text[i];
    out.put(c >= ' ' && c <= '~' ? c : '?');
  }
  if (shown < text.size) {
    out.put("...");
  }
}

void put_known_keys(TextWriter& out) {
  out.put("; known keys: ");
  for (const Parameter& row : kParameters) {
    out.put(row.key == Key{} ? "" : ", ").put(row.name);
  }
}

}  // namespace

const char* text_of(Reason reason) {
  switch (reason) {
    case Reason::kNone:
      return "accepted";
    case Reason::kNotKeyValue:
      return "not of the form key=value";
    case Reason::kUnknownKey:
      return "unknown key";
    case Reason::kDuplicateKey:
      return "given twice";
    case Reason::kMissingKey:
      return "missing";
    case Reason::kEmptyValue:
      return "no value";
    case Reason::kNotANumber:
      return "not a decimal number";
    case Reason::kOutOfRange:
      return "out of range";
    case Reason::kNotAChoice:
      return "not one of the choices";
    case Reason::kBadForm:
      return "not of the form that is allowed";
    case Reason::kBadName:
      return "not a name";
    case Reason::kBadPidList:
      return "not a list of process ids";
    case Reason::kDuplicatePid:
      return "listed twice";
    case Reason::kTooManyPids:
      return "too many process ids";
    case Reason::kNotTogether:
      return "cannot be combined with other changes";
    case Reason::kNoSuchInstance:
      return "neither an instance nor the next free id";
    case Reason::kTooFewPages:
      return "with scope=all at least 32 local pages, or programs cannot make progress";
    case Reason::kNoSuchScope:
      return "this engine manages anonymous memory only; allowed: anon";
    case Reason::kNoSuchPolicy:
      return "no such policy";
    case Reason::kNoSuchProcess:
      return "no such process";
    case Reason::kNotPermitted:
      return "a process of another user";
    case Reason::kPidTaken:
      return "already a member of another instance";
    case Reason::kNotAMember:
      return "not a member of this instance";
    case Reason::kCannotEmulate:
      return "a program that cannot be emulated (static, 32-bit or a kernel thread)";
    case Reason::kNoSuchPrefetcher:
      return "no such prefetcher";
    case Reason::kCannotPrefetch:
      return "this engine fetches nothing ahead; allowed: none";
  }
  return "refused";
}

std::uint64_t describe(const Error& error, char* buffer, std::uint64_t size) {
  TextWriter out(buffer, size);
  put_quoted(out, error.key);
  const bool has_value = !error.value.empty() || error.reason == Reason::kEmptyValue;
  if (has_value) {
    out.put(error.key.empty() ? "" : "=");
    put_quoted(out, error.value);
  }
  if (error.why != nullptr) {
    out.put(": ").put(error.why);
    return out.length();
  }
  out.put(": ").put(text_of(error.reason));
  if (error.reason == Reason::kUnknownKey || error.reason == Reason::kNotKeyValue) {
    put_known_keys(out);
    return out.length();
  }
  if (const Parameter* const row = find(error.key);
      row != nullptr && error.reason != Reason::kDuplicateKey &&
      error.reason != Reason::kNoSuchScope && error.reason != Reason::kCannotPrefetch) {
    out.put("; allowed: ").put(row->allowed);
  }
  return out.length();
}

}  // namespace dime::config
