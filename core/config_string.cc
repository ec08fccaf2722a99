// SPDX-License-Identifier: GPL-2.0
// One table says for each key how it is spelled, how its value is read and what it may be; parse()
// is a loop over words and that table.
#include "core/config_string.h"

#include "core/fetch_times.h"
#include "core/schedule.h"

namespace dime::config {
namespace {

enum class Kind : std::uint8_t {
  kNumber,
  kName,
  kLink,
  kWait,
  kScope,
  kPids,
  kJitter,
  kFetchTimes,
  kSchedule
};

struct KeyRule {
  const char* name;
  const char* allowed;
  std::uint64_t least;
  std::uint64_t most;
  std::uint32_t flag;  ///< of a switch
  Kind kind;
  bool or_zero = false;  ///< 0 is allowed next to [least, most]
};

// In the order of enum Key.
constexpr KeyRule kRules[kKeys] = {
    {"instance_id", "the id of an instance, or the next free id to create one", 0, kMaxInstanceId,
     0, Kind::kNumber},
    {"latency_ns", "0 to 60000000000 nanoseconds, without a unit", 0, kMaxLatencyNs, 0,
     Kind::kNumber},
    {"bandwidth_bps",
     "1000 to 1000000000000000 bits per second, without a unit, or 0 for unlimited",
     kMinBandwidthBps, kMaxBandwidthBps, 0, Kind::kNumber, /*or_zero=*/true},
    {"local_npages", "1 to 34359738368 pages", 1, kMaxLocalNpages, 0, Kind::kNumber},
    {"local_share",
     "1 to 10000 hundredths of a per cent of the touched pages, instead of local_npages", 1,
     kMaxLocalShare, 0, Kind::kNumber},
    {"pid",
     "up to 1024 process ids between commas, each once; '+' before the first adds, '-' removes", 1,
     kMaxPid, 0, Kind::kPids},
    {"policy", "the name of a policy, as in `dime policies`", 0, 0, 0, Kind::kName},
    {"link",
     "up to 31 letters, digits, '-', '_' and '.', the first a letter or digit; '-' alone for the "
     "instance's own",
     0, 0, 0, Kind::kLink},
    {"one_way", "0 or 1", 0, 1, DIME_ONE_WAY, Kind::kNumber},
    {"charge_first_touch", "0 or 1", 0, 1, DIME_CHARGE_FIRST_TOUCH, Kind::kNumber},
    {"writeback", "0 or 1", 0, 1, DIME_WRITEBACK, Kind::kNumber},
    {"follow_children", "0 or 1", 0, 1, DIME_FOLLOW_CHILDREN, Kind::kNumber},
    {"scope", "anon or all", 0, 0, 0, Kind::kScope},
    {"wait", "auto, spin or sleep", 0, 0, 0, Kind::kWait},
    {"jitter",
     "none, or normal, lognormal, pareto or paretonormal with a standard deviation, as in "
     "normal,500ns, or table:NS:NS..; each also with ,corr=0% to 99%",
     0, 0, 0, Kind::kJitter},
    {"seed", "0 to 18446744073709551615", 0, UINT64_MAX, 0, Kind::kNumber},
    {"fetch_times", "none, or up to 32 pairs BYTES:NS with commas between them, ascending", 0, 0, 0,
     Kind::kFetchTimes},
    {"schedule", "none, or steps like 10s:latency=50us,bandwidth=1Gbit/s;20s:down;25s:up", 0, 0, 0,
     Kind::kSchedule},
    {"outage_max_ns", "0 to 60000000000 nanoseconds, without a unit", 0, kMaxLatencyNs, 0,
     Kind::kNumber},
    {"writeback_depth", "0 to 1048576 pages", 0, kMaxWritebackDepth, 0, Kind::kNumber},
    {"keep", "1, or 0 to have the instance go with its last member", 0, 1, 0, Kind::kNumber},
    {"page_fault_count", "0, which resets it", 0, 0, 0, Kind::kNumber},
    {"remove", "1, with instance_id and nothing else", 1, 1, 0, Kind::kNumber},
};

const KeyRule& rule_of(Key key) {
  return kRules[static_cast<unsigned>(key)];
}

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n';
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

Reason read_number(Text value, std::uint64_t least, std::uint64_t most, bool or_zero,
                   std::uint64_t& number) {
  for (std::uint32_t i = 0; i < value.size; ++i) {
    if (!is_digit(value[i])) {
      return Reason::kNotANumber;
    }
  }
  if (!read_decimal(value, number)) {
    return Reason::kOutOfRange;
  }
  const bool allowed = (number >= least && number <= most) || (or_zero && number == 0);
  return allowed ? Reason::kNone : Reason::kOutOfRange;
}

/// Calls `visit(entry)` for each entry of a pid list without its sign and its closing comma, until
/// one returns something else than kNone; that is returned, with the entry in `entry`.
template <class Visit>
Reason for_each_pid(Text list, Text& entry, Visit&& visit) {
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
    if (const Reason reason = read_number(pid, 1, kMaxPid, /*or_zero=*/false, number);
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

Reason read_name(Text value, char (&name)[DIME_NAME_BYTES]) {
  if (!is_name(value)) {
    return Reason::kBadName;
  }
  TextWriter(name, sizeof(name)).put(value);
  return Reason::kNone;
}

/// The place of `value` among `words`, which are in the order of the ABI's enum.
template <unsigned kCount>
Reason read_choice(Text value, const char* const (&words)[kCount], std::uint32_t& choice) {
  for (std::uint32_t i = 0; i < kCount; ++i) {
    if (value == Text(words[i])) {
      choice = i;
      return Reason::kNone;
    }
  }
  return Reason::kNotAChoice;
}

constexpr const char* kWaitWords[] = {"auto", "spin", "sleep"};
constexpr const char* kScopeWords[] = {"anon", "all"};

void set_number(Plan& plan, Key key, std::uint64_t number) {
  switch (key) {
    case Key::kInstanceId:
      plan.instance_id = static_cast<std::uint32_t>(number);
      break;
    case Key::kLatencyNs:
      plan.latency_ns = number;
      break;
    case Key::kBandwidthBps:
      plan.bandwidth_bps = number;
      break;
    case Key::kLocalNpages:
      plan.local_npages = number;
      break;
    case Key::kSeed:
      plan.seed = number;
      break;
    case Key::kOutageMaxNs:
      plan.outage_max_ns = number;
      break;
    case Key::kWritebackDepth:
      plan.writeback_depth = static_cast<std::uint32_t>(number);
      break;
    case Key::kLocalShare:
      plan.local_share = static_cast<std::uint32_t>(number);
      break;
    case Key::kKeep:
      plan.keep = number == 1;
      break;
    case Key::kPageFaultCount:
      plan.reset_page_fault_count = true;
      break;
    case Key::kRemove:
      plan.remove = true;
      break;
    default:  // a switch
      (number == 1 ? plan.flags_on : plan.flags_off) |= rule_of(key).flag;
      break;
  }
}

template <class T>
Reason read_form(const Parsed<T>& parsed, T& value, const char*& why) {
  value = parsed.value;
  why = parsed.problem;
  return parsed.ok() ? Reason::kNone : Reason::kBadForm;
}

/// Reads one value; `part` becomes the part of it that is refused, and `why` what is to be said of
/// it.
Reason read_value(Key key, Text value, Plan& plan, Text& part, const char*& why) {
  const KeyRule& rule = rule_of(key);
  part = value;
  switch (rule.kind) {
    case Kind::kNumber: {
      std::uint64_t number = 0;
      const Reason reason = read_number(value, rule.least, rule.most, rule.or_zero, number);
      if (reason == Reason::kNone) {
        set_number(plan, key, number);
      }
      return reason;
    }
    case Kind::kName:
      return read_name(value, plan.policy);
    case Kind::kLink:
      return value == Text("-") ? Reason::kNone : read_name(value, plan.link);
    case Kind::kWait:
      return read_choice(value, kWaitWords, plan.wait);
    case Kind::kScope:
      return read_choice(value, kScopeWords, plan.scope);
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
  }
  return Reason::kUnknownKey;
}

bool find_key(Text name, Key& key) {
  for (unsigned i = 0; i < kKeys; ++i) {
    if (name == Text(kRules[i].name)) {
      key = static_cast<Key>(i);
      return true;
    }
  }
  return false;
}

Error read_word(Text text, std::uint32_t begin, std::uint32_t end, Plan& plan) {
  const Text word = text.slice(begin, end);
  const std::uint32_t equals = word.find('=');
  if (equals == word.size) {
    return {Reason::kNotKeyValue, begin, {}, word};
  }
  const Text name = word.slice(0, equals);
  const Text value = word.slice(equals + 1, word.size);
  Key key{};
  if (!find_key(name, key)) {
    return {Reason::kUnknownKey, begin, name, value};
  }
  Text& given = plan.given[static_cast<unsigned>(key)];
  if (given.data != nullptr) {
    return {Reason::kDuplicateKey, begin, name, value};
  }
  if (value.empty()) {
    return {Reason::kEmptyValue, begin, name, value};
  }
  given = value;
  Text part;
  const char* why = nullptr;
  const Reason reason = read_value(key, value, plan, part, why);
  if (part.empty()) {
    part = value;
  }
  return {reason, static_cast<std::uint32_t>(part.data - text.data), name, part, why};
}

Error refuse(const Plan& plan, Text text, Key key, Reason reason) {
  const Text value = plan.given[static_cast<unsigned>(key)];
  return {reason, static_cast<std::uint32_t>(value.data - text.data), rule_of(key).name, value};
}

}  // namespace

bool is_name(Text text) {
  if (text.empty() || text.size >= DIME_NAME_BYTES || !(is_letter(text[0]) || is_digit(text[0]))) {
    return false;
  }
  for (std::uint32_t i = 0; i < text.size; ++i) {
    const char c = text[i];
    if (!is_letter(c) && !is_digit(c) && c != '-' && c != '_' && c != '.') {
      return false;
    }
  }
  return true;
}

Error parse(Text text, Plan& plan) {
  plan = Plan{};
  unsigned words = 0;
  for (std::uint32_t begin = 0; begin < text.size;) {
    if (is_blank(text[begin])) {
      ++begin;
      continue;
    }
    std::uint32_t end = begin;
    while (end < text.size && !is_blank(text[end])) {
      ++end;
    }
    if (const Error error = read_word(text, begin, end, plan); !error.ok()) {
      return error;
    }
    ++words;
    begin = end;
  }
  if (!plan.has(Key::kInstanceId)) {
    return {Reason::kMissingKey, text.size, rule_of(Key::kInstanceId).name, {}};
  }
  if (plan.remove && words != 2) {
    return refuse(plan, text, Key::kRemove, Reason::kNotTogether);
  }
  if (plan.has(Key::kLocalShare) && plan.has(Key::kLocalNpages)) {
    return refuse(plan, text, Key::kLocalShare, Reason::kNotTogether);
  }
  return {};
}

Error check(const Plan& plan, Text text, Validator& validator) {
  if (const Reason reason = validator.instance(plan.instance_id, plan.remove);
      reason != Reason::kNone) {
    return refuse(plan, text, Key::kInstanceId, reason);
  }
  if (plan.has(Key::kPolicy)) {
    if (const Reason reason = validator.policy(plan.policy); reason != Reason::kNone) {
      return refuse(plan, text, Key::kPolicy, reason);
    }
  }
  if (plan.has(Key::kLink) && plan.link[0] != '\0') {
    if (const Reason reason = validator.link(plan.link); reason != Reason::kNone) {
      return refuse(plan, text, Key::kLink, reason);
    }
  }
  if (plan.has(Key::kPid)) {
    std::uint32_t i = 0;
    Text entry;
    const Reason reason = for_each_pid(
        plan.given[static_cast<unsigned>(Key::kPid)], entry,
        [&](Text) { return validator.pid(plan.instance_id, plan.pid_operation, plan.pids[i++]); });
    if (reason != Reason::kNone) {
      return {reason, static_cast<std::uint32_t>(entry.data - text.data), rule_of(Key::kPid).name,
              entry};
    }
  }
  return {};
}

const char* name_of(Key key) {
  return rule_of(key).name;
}

const char* allowed_for(Key key) {
  return rule_of(key).allowed;
}

}  // namespace dime::config
