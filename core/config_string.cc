// SPDX-License-Identifier: GPL-2.0
// parse() is a loop over words and the table of parameters.
#include "core/config_string.h"

#include "core/fetch_times.h"
#include "core/local_set.h"
#include "core/policy_choice.h"
#include "core/schedule.h"

namespace dime::config {
namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n';
}

Reason read_number(Text value, const Parameter& row, std::uint64_t& number) {
  for (std::uint32_t i = 0; i < value.size; ++i) {
    if (!is_digit(value[i])) {
      return Reason::kNotANumber;
    }
  }
  if (!read_decimal(value, number)) {
    return Reason::kOutOfRange;
  }
  const bool allowed = (number >= row.least && number <= row.most) || (row.or_zero && number == 0);
  return allowed ? Reason::kNone : Reason::kOutOfRange;
}

/// Calls `visit(entry)` for each entry of a pid list without its sign and its closing comma, until
/// one returns something else than kNone; that is returned, with the entry in `entry`.
template <class Visit>
Reason for_each_pid(Text list, Text& entry, Visit&& visit) {
  if (list.empty()) {
    return Reason::kNone;
  }
  std::uint32_t begin = (list[0] == '+' || list[0] == '-') ? 1 : 0;
  do {
    const Text rest = list.slice(begin, list.size);
    const std::uint32_t comma = rest.find(',');
    entry = rest.slice(0, comma);
    if (const Reason reason = visit(entry); reason != Reason::kNone) {
      return reason;
    }
    begin += comma + 1;
  } while (begin < list.size);
  return Reason::kNone;
}

Reason read_pids(Text list, Plan& plan, Text& entry) {
  plan.pid_operation = list[0] == '+'   ? PidOperation::kAdd
                       : list[0] == '-' ? PidOperation::kRemove
                                        : PidOperation::kReplace;
  return for_each_pid(list, entry, [&plan](Text pid) {
    std::uint64_t number = 0;
    if (pid.empty() || pid[0] == '+' || pid[0] == '-') {
      return Reason::kBadPidList;
    }
    if (const Reason reason = read_number(pid, row_of(Key::kPid), number);
        reason != Reason::kNone) {
      return reason;
    }
    for (std::uint32_t i = 0; i < plan.pid_count; ++i) {
      if (plan.pids[i] == number) {
        return Reason::kDuplicatePid;
      }
    }
    if (plan.pid_count == DIME_MAX_MEMBERS) {
      return Reason::kTooManyPids;
    }
    plan.pids[plan.pid_count++] = static_cast<std::uint32_t>(number);
    return Reason::kNone;
  });
}

/// The place of `value` among the words of `row`.
Reason read_choice(Text value, const Parameter& row, std::uint64_t& choice) {
  for (choice = 0; choice <= row.most; ++choice) {
    if (value == Text(row.words[choice])) {
      return Reason::kNone;
    }
  }
  return Reason::kNotAChoice;
}

template <class T>
Reason read_form(const Parsed<T>& parsed, T& value, const char*& why) {
  value = parsed.value;
  why = parsed.problem;
  return parsed.ok() ? Reason::kNone : Reason::kBadForm;
}

/// Calls `visit(word, position)` for the words of `text` until it returns false.
template <class Visit>
void for_each_word(Text text, Visit&& visit) {
  for (std::uint32_t begin = 0; begin < text.size;) {
    std::uint32_t end = begin;
    while (end < text.size && !is_blank(text[end])) {
      ++end;
    }
    if (end != begin && !visit(text.slice(begin, end), begin)) {
      return;
    }
    begin = end + 1;
  }
}

Error read_word(Text text, Text word, std::uint32_t position, Plan& plan) {
  const std::uint32_t equals = word.find('=');
  if (equals == word.size) {
    return {Reason::kNotKeyValue, position, {}, word};
  }
  const Text name = word.slice(0, equals);
  const Text value = word.slice(equals + 1, word.size);
  const Parameter* const row = find(name);
  if (row == nullptr) {
    return {Reason::kUnknownKey, position, name, value};
  }
  if (plan.has(row->key)) {
    return {Reason::kDuplicateKey, position, name, value};
  }
  if (value.empty()) {
    return {Reason::kEmptyValue, position, name, value};
  }
  Text part;
  const char* why = nullptr;
  const Reason reason = read_value(row->key, value, plan, part, why);
  if (part.empty()) {
    part = value;
  }
  return {reason, static_cast<std::uint32_t>(part.data - text.data), name, part, why};
}

/// The value of `key` in a text that was read without an error.
Text value_in(Text text, Key key) {
  Text value;
  for_each_word(text, [&](Text word, std::uint32_t) {
    const std::uint32_t equals = word.find('=');
    if (word.slice(0, equals) == Text(row_of(key).name)) {
      value = word.slice(equals + 1, word.size);
    }
    return value.data == nullptr;
  });
  return value;
}

Error refuse(Text text, Key key, Reason reason) {
  const Text value = value_in(text, key);
  return {reason, static_cast<std::uint32_t>(value.data - text.data), row_of(key).name, value};
}

}  // namespace

bool is_name(Text text) {
  return choice_text::is_name(text);
}

Reason read_value(Key key, Text value, Plan& plan, Text& part, const char*& why) {
  const Parameter& row = row_of(key);
  part = value;
  plan.give(key);
  switch (row.kind) {
    case Kind::kPolicy:
    case Kind::kPrefetch:
    case Kind::kLink: {
      const bool none = row.kind == Kind::kLink && value == Text("-");
      if (!none &&
          !(row.kind == Kind::kLink ? is_name(value) : choice_text::is_well_formed(value))) {
        return Reason::kBadName;
      }
      set_name(row, plan.parameters, none ? Text() : value);
      return Reason::kNone;
    }
    case Kind::kPids:
      return read_pids(value, plan, part);
    case Kind::kJitter:
      return read_form(jitter::parse(value), plan.jitter, why);
    case Kind::kFetchTimes:
      return read_form(fetch_times::parse(value), plan.fetch_times, why);
    case Kind::kSchedule: {
      const schedule::Refused refused = schedule::parse(value, plan.schedule);
      why = refused.problem;
      part = refused.part.empty() ? value : refused.part;
      return why == nullptr ? Reason::kNone : Reason::kBadForm;
    }
    case Kind::kWriteRate: {
      std::uint64_t number = 0;
      const bool same = value == Text("-");
      const Reason reason = same ? Reason::kNone : read_number(value, row, number);
      set_number(row, plan, same || number != 0 ? number : DIME_UNLIMITED);
      return reason;
    }
    default: {
      std::uint64_t number = 0;
      const Reason reason = row.kind == Kind::kChoice ? read_choice(value, row, number)
                                                      : read_number(value, row, number);
      if (reason == Reason::kNone) {
        set_number(row, plan, number);
      }
      return reason;
    }
  }
}

Error parse(Text text, Plan& plan) {
  plan.reset();
  unsigned words = 0;
  Error error;
  for_each_word(text, [&](Text word, std::uint32_t position) {
    error = read_word(text, word, position, plan);
    ++words;
    return error.ok();
  });
  if (!error.ok()) {
    return error;
  }
  if (!plan.has(Key::kInstanceId)) {
    return {Reason::kMissingKey, text.size, row_of(Key::kInstanceId).name, {}};
  }
  if (plan.has(Key::kRemove) && words != 2) {
    return refuse(text, Key::kRemove, Reason::kNotTogether);
  }
  if (plan.has(Key::kLocalShare) && plan.has(Key::kLocalNpages)) {
    return refuse(text, Key::kLocalShare, Reason::kNotTogether);
  }
  return {};
}

bool may_create(const Plan& plan, std::uint32_t next_id) {
  return !plan.has(Key::kRemove) && (plan.instance_id <= next_id || plan.keep == 0);
}

namespace {

/// What a string asks for together with what it leaves as it is.
Error check_together(const Plan& plan, Text text, const dime_parameters* present) {
  dime_parameters parameters = present != nullptr ? *present : default_parameters();
  apply(plan, parameters);
  if (parameters.scope == DIME_SCOPE_ALL && parameters.local_share == 0 &&
      parameters.local_npages < kLeastShare) {
    const Key key = plan.has(Key::kLocalNpages) ? Key::kLocalNpages : Key::kScope;
    return refuse(text, key, Reason::kTooFewPages);
  }
  return {};
}

}  // namespace

Error check(const Plan& plan, Text text, Validator& validator) {
  const Present present = validator.instance(plan.instance_id);
  if (present.parameters == nullptr && !may_create(plan, present.next_id)) {
    return refuse(text, Key::kInstanceId, Reason::kNoSuchInstance);
  }
  if (plan.has(Key::kPolicy)) {
    if (const Reason reason = validator.policy(plan.parameters.policy); reason != Reason::kNone) {
      return refuse(text, Key::kPolicy, reason);
    }
  }
  if (plan.has(Key::kPrefetch)) {
    if (const Reason reason = validator.prefetch(plan.parameters.prefetch);
        reason != Reason::kNone) {
      return refuse(text, Key::kPrefetch, reason);
    }
  }
  if (plan.has(Key::kScope)) {
    if (const Reason reason = validator.scope(plan.parameters.scope); reason != Reason::kNone) {
      return refuse(text, Key::kScope, reason);
    }
  }
  if (const Error error = check_together(plan, text, present.parameters); !error.ok()) {
    return error;
  }
  if (plan.has(Key::kPid)) {
    std::uint32_t i = 0;
    Text entry;
    const Reason reason = for_each_pid(value_in(text, Key::kPid), entry, [&](Text) {
      return validator.pid(plan.instance_id, plan.pid_operation, plan.pids[i++]);
    });
    if (reason != Reason::kNone) {
      return {reason, static_cast<std::uint32_t>(entry.data - text.data), row_of(Key::kPid).name,
              entry};
    }
  }
  return {};
}

}  // namespace dime::config
