// SPDX-License-Identifier: GPL-2.0
// Tables say which key is which field; a line is a key and its value, and belongs to the instance
// whose line came last.
#include "engines/kernel/client/stats.h"

#include <algorithm>
#include <charconv>

#include "base/process.h"
#include "core/link.h"
#include "core/parameters.h"

namespace dime::kernel {
namespace {

constexpr std::string_view kForm = "1";

/// Takes the next word off `rest`.
std::string_view next_word(std::string_view& rest) {
  const std::size_t end = std::min(rest.find(' '), rest.size());
  const std::string_view word = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return word;
}

template <class T>
bool read_number(std::string_view text, T& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size();
}

template <std::size_t kSize>
void copy_text(char (&to)[kSize], std::string_view from) {
  to[from.copy(to, kSize - 1)] = '\0';
}

/// The kernel writes blanks and backslashes of a name as \ooo.
std::string unescape(std::string_view text) {
  constexpr std::size_t kDigits = 3;
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    const char* const digits = text.data() + i + 1;
    if (text[i] == '\\' && i + kDigits < text.size() &&
        std::from_chars(digits, digits + kDigits, value, 8).ptr == digits + kDigits) {
      plain += static_cast<char>(value);
      i += kDigits;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

struct Long {
  std::string_view key;
  std::uint64_t& (*field)(dime_control& control);
};

#define DIME_FIELD(key, path)                            \
  {                                                      \
    key, [](dime_control& c) -> auto& { return c.path; } \
  }

constexpr Long kLongs[] = {
    DIME_FIELD("faults_first_touch", counters.faults_first_touch),
    DIME_FIELD("faults_remote", counters.faults_remote),
    DIME_FIELD("faults_joined", counters.faults_joined),
    DIME_FIELD("evictions_clean", counters.evictions_clean),
    DIME_FIELD("evictions_dirty", counters.evictions_dirty),
    DIME_FIELD("evictions_refused", counters.evictions_refused),
    DIME_FIELD("late_adopted", counters.late_adopted),
    DIME_FIELD("not_followed", counters.not_followed),
    DIME_FIELD("page_fault_count", counters.page_fault_count),
    DIME_FIELD("local_pages", levels.local_pages),
    DIME_FIELD("managed_pages", levels.managed_pages),
    DIME_FIELD("unmanaged_pages", levels.unmanaged_pages),
    DIME_FIELD("local_peak", levels.local_peak),
    DIME_FIELD("managed_peak", levels.managed_peak),
    DIME_FIELD("unmanaged_peak", levels.unmanaged_peak),
    DIME_FIELD("target_ns", target_ns),
    DIME_FIELD("lead_ns", calibration.lead_ns),
    DIME_FIELD("stall_count", stall_ns.count),
    DIME_FIELD("stall_sum", stall_ns.sum),
    DIME_FIELD("stall_max", stall_ns.max),
    DIME_FIELD("outage_max_ns", schedule.outage_max_ns),
    DIME_FIELD("created_ns", created_ns),
    DIME_FIELD("mark_count", mark_count),
};

#undef DIME_FIELD

template <class Table>
const auto* find_key(const Table& table, std::string_view key) {
  const auto at = std::find_if(std::begin(table), std::end(table),
                               [&](const auto& entry) { return entry.key == key; });
  return at == std::end(table) ? nullptr : at;
}

template <class... Numbers>
bool read_numbers(std::string_view rest, Numbers&... numbers) {
  return (read_number(next_word(rest), numbers) && ...);
}

bool read_fetch_time(std::string_view rest, dime_fetch_times& times) {
  if (times.count == DIME_MAX_FETCH_SIZES) {
    return false;
  }
  dime_fetch_size& size = times.sizes[times.count++];
  return read_numbers(rest, size.bytes, size.ns);
}

bool read_step(std::string_view rest, dime_schedule& schedule) {
  if (schedule.count == DIME_MAX_STEPS) {
    return false;
  }
  dime_step& step = schedule.steps[schedule.count++];
  return read_numbers(rest, step.at_ns, step.latency_ns, step.bandwidth_bps, step.what);
}

struct Count {
  std::string_view key;
  std::uint64_t* field;
};

/// "KEY 1 KEY 2 ...": the keys of `counts`, and others, which are left out.
template <std::size_t kSize>
bool read_counts(std::string_view rest, const Count (&counts)[kSize]) {
  while (!rest.empty()) {
    const Count* const entry = find_key(counts, next_word(rest));
    const std::string_view value = next_word(rest);
    if (entry != nullptr && !read_number(value, *entry->field)) {
      return false;
    }
  }
  return true;
}

/// "bytes 1 transfers 2 ..."
bool read_direction(std::string_view rest, dime_link_direction& wire) {
  const Count counts[] = {{"bytes", &wire.bytes},       {"transfers", &wire.transfers},
                          {"busy_ns", &wire.busy_ns},   {"queue_ns", &wire.queue_ns},
                          {"first_ns", &wire.first_ns}, {"last_ns", &wire.last_ns}};
  return read_counts(rest, counts);
}

bool read_bucket(std::string_view rest, dime_histogram& histogram) {
  std::uint32_t index = 0;
  return read_number(next_word(rest), index) && index < DIME_HISTOGRAM_BUCKETS &&
         read_number(next_word(rest), histogram.buckets[index]);
}

/// "INDEX NAME first_touch 1 ..."
bool read_tier(std::string_view rest, dime_control& control) {
  std::uint32_t index = 0;
  if (!read_number(next_word(rest), index) || index >= DIME_MAX_TIERS) {
    return false;
  }
  copy_text(control.placement.tiers[index].name, next_word(rest));
  dime_tier_use& use = control.tier_uses[index];
  const Count counts[] = {{"first_touch", &use.counters.faults_first_touch},
                          {"remote", &use.counters.faults_remote},
                          {"joined", &use.counters.faults_joined},
                          {"clean", &use.counters.evictions_clean},
                          {"dirty", &use.counters.evictions_dirty},
                          {"refused", &use.counters.evictions_refused},
                          {"local", &use.levels.local_pages},
                          {"managed", &use.levels.managed_pages},
                          {"local_peak", &use.levels.local_peak},
                          {"managed_peak", &use.levels.managed_peak},
                          {"stall_count", &use.stall_ns.count},
                          {"stall_sum", &use.stall_ns.sum},
                          {"stall_max", &use.stall_ns.max}};
  return read_counts(rest, counts);
}

/// "TIER BUCKET COUNT"
bool read_tier_bucket(std::string_view rest, dime_control& control) {
  std::uint32_t index = 0;
  return read_number(next_word(rest), index) && index < DIME_MAX_TIERS &&
         read_bucket(rest, control.tier_uses[index].stall_ns);
}

/// "INDEX matched 0|1"
bool read_rule(std::string_view rest, dime_control& control) {
  std::uint32_t index = 0;
  return read_number(next_word(rest), index) && index < DIME_MAX_RULES &&
         next_word(rest) == "matched" && read_number(next_word(rest), control.rule_matched[index]);
}

/// "AT PID FIRST_TOUCH REMOTE JOINED EVICTIONS STALL_NS NAME"
bool read_mark(std::string_view rest, dime_mark& mark) {
  std::uint64_t pid = 0;
  for (std::uint64_t* const field : {&mark.at_ns, &pid, &mark.first_touch, &mark.remote,
                                     &mark.joined, &mark.evictions, &mark.stall_ns}) {
    if (!read_number(next_word(rest), *field)) {
      return false;
    }
  }
  mark.pid = static_cast<std::uint32_t>(pid);
  copy_text(mark.name, unescape(rest));
  mark.ready = 1;
  return true;
}

std::uint32_t state_of(std::string_view word) {
  return word == "active"     ? DIME_MEMBER_ACTIVE
         : word == "detached" ? DIME_MEMBER_DETACHED
                              : DIME_MEMBER_ENDED;
}

/// "PID parent PID state WORD first_touch 1 ... comm NAME"
bool read_process(std::string_view rest, dime_member& member) {
  if (!read_number(next_word(rest), member.pid)) {
    return false;
  }
  const Count counts[] = {
      {"first_touch", &member.faults_first_touch}, {"remote", &member.faults_remote},
      {"joined", &member.faults_joined},           {"evictions", &member.evictions},
      {"stall_ns", &member.stall_ns_sum},          {"local", &member.local_pages},
      {"managed", &member.managed_pages},          {"unmanaged", &member.unmanaged_pages}};
  member.namespaces = own_namespaces();
  while (!rest.empty()) {
    const std::string_view key = next_word(rest);
    const std::string_view value = next_word(rest);
    if (key == "parent") {
      if (!read_number(value, member.parent_pid)) {
        return false;
      }
    } else if (key == "state") {
      member.state = state_of(value);
    } else if (key == "comm") {
      copy_text(member.comm, unescape(value));
    } else if (const auto* const entry = find_key(counts, key)) {
      if (!read_number(value, *entry->field)) {
        return false;
      }
    }
  }
  return true;
}

/// One pass over the lines.
class Reader {
 public:
  bool read_line(std::string_view key, std::string_view rest) {
    if (key == "instance") {
      return begin_instance(rest);
    }
    return instance_ == nullptr ? read_of_module(key, rest) : read_of_instance(key, rest);
  }

  Stats finish() {
    for (InstanceStats& instance : stats_.instances) {
      dime_control& control = *instance.control;
      control.calibration.floor_ns = stats_.floor_ns;
      if (control.target_ns < stats_.floor_ns) {
        control.parameters.flags |= DIME_ALLOW_FLOOR;
      }
    }
    return std::move(stats_);
  }

 private:
  bool begin_instance(std::string_view rest) {
    stats_.instances.push_back({std::make_shared<dime_control>(), {}, true, 0});
    instance_ = &stats_.instances.back();
    processes_ = 0;
    marks_ = 0;
    instance_->control->engine = DIME_ENGINE_KERNEL;
    return read_number(rest, instance_->control->instance_id);
  }

  bool read_of_module(std::string_view key, std::string_view rest) {
    if (key == "version") {
      stats_.version = rest;
    } else if (key == "floor_ns") {
      return read_number(rest, stats_.floor_ns);
    } else if (key == "refusal") {
      stats_.refusal = rest;
    } else if (key == "refused") {
      stats_.refused.key = next_word(rest);
      return read_number(rest, stats_.refused.reason);
    } else if (key == "registered") {
      const std::string_view name = next_word(rest);
      stats_.policies.push_back({std::string(name), std::string(rest)});
    }
    return true;
  }

  bool read_of_instance(std::string_view key, std::string_view rest) {
    dime_control& control = *instance_->control;
    if (const Long* const entry = find_key(kLongs, key)) {
      return read_number(rest, entry->field(control));
    }
    if (key == "bucket") {
      return read_bucket(rest, control.stall_ns);
    }
    if (key == "tier") {
      return read_tier(rest, control);
    }
    if (key == "tier_bucket") {
      return read_tier_bucket(rest, control);
    }
    if (key == "rule") {
      return read_rule(rest, control);
    }
    if (key == "mark") {
      return marks_ == DIME_MAX_MARKS || read_mark(rest, control.marks[marks_++]);
    }
    if (key == "jitter") {
      dime_jitter& jitter = control.jitter;
      return read_numbers(rest, jitter.shape, jitter.deviation_ns, jitter.correlation, jitter.seed);
    }
    if (key == "fetch_time") {
      return read_fetch_time(rest, control.fetch_times);
    }
    if (key == "step") {
      return read_step(rest, control.schedule);
    }
    if (key == "rx" || key == "tx") {
      return read_direction(rest, key == "rx" ? instance_->link.rx : instance_->link.tx);
    }
    if (key == "process") {
      // More than there is room for: the first to join give way.
      dime_member& slot = control.members[processes_++ % DIME_MAX_MEMBERS];
      slot = {};
      return read_process(rest, slot);
    }
    if (key == "keep") {
      instance_->keep = rest != "0";
    } else if (key == "owner") {
      return read_number(rest, instance_->owner);
    } else if (key == "forced" && rest != "0") {
      copy_text(control.last_problem,
                fmt::format("{} pages were let in above the limit: no room came free", rest));
    } else if (key == "not_kept" && rest != "0") {
      copy_text(control.last_problem, fmt::format("{} names of memory had no room", rest));
    } else {
      return config::read_line(key, rest, control.parameters);
    }
    return true;
  }

  Stats stats_;
  InstanceStats* instance_ = nullptr;
  std::size_t processes_ = 0;
  std::size_t marks_ = 0;
};

}  // namespace

Result<Stats> parse_stats(std::string_view text) {
  std::string_view first = text.substr(0, text.find('\n'));
  if (next_word(first) != "dime_stats" || first != kForm) {
    return fail_with_hint("dime module unload, then dime module build and load",
                          "the module that is loaded is of another version of DiME");
  }
  Reader reader;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    std::string_view rest = line;
    const std::string_view key = next_word(rest);
    if (!reader.read_line(key, rest)) {
      return fail(0, "/proc/dime_stats: line '{}' cannot be read", line);
    }
  }
  return reader.finish();
}

const InstanceStats* find_instance(const Stats& stats, std::uint32_t id) {
  const auto at = std::find_if(
      stats.instances.begin(), stats.instances.end(),
      [&](const InstanceStats& instance) { return instance.control->instance_id == id; });
  return at == stats.instances.end() ? nullptr : &*at;
}

}  // namespace dime::kernel
