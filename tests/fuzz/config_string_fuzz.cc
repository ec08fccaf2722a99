// SPDX-License-Identifier: GPL-2.0
// Any text at all as a configuration string. What must hold:
//
//   an accepted plan says only what is allowed, and written out again it is accepted as the same
//   plan; blanks do not matter, repetition is refused; a refusal points into the text and its
//   message is one printable line.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <memory>
#include <set>
#include <string>

#include "core/config_string.h"

namespace dime::config {
namespace {

#define REQUIRE(condition)                                                                \
  do {                                                                                    \
    if (!(condition)) {                                                                   \
      std::fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                       \
    }                                                                                     \
  } while (false)

Text text_of(const std::string& string) {
  return {string.data(), static_cast<std::uint32_t>(string.size())};
}

bool inside(Text part, Text whole) {
  return part.data >= whole.data && part.data + part.size <= whole.data + whole.size;
}

bool is_known_key(Text name) {
  for (unsigned i = 0; i < kKeys; ++i) {
    if (name == Text(name_of(static_cast<Key>(i)))) {
      return true;
    }
  }
  return false;
}

/// A plan as text: its keys in the order of enum Key.
std::string written(const Plan& plan) {
  std::string out = "instance_id=" + std::to_string(plan.instance_id);
  const auto number = [&](Key key, std::uint64_t value) {
    if (plan.has(key)) {
      out += std::string(" ") + name_of(key) + "=" + std::to_string(value);
    }
  };
  const auto word = [&](Key key, const std::string& value) {
    if (plan.has(key)) {
      out += std::string(" ") + name_of(key) + "=" + value;
    }
  };
  number(Key::kLatencyNs, plan.latency_ns);
  number(Key::kBandwidthBps, plan.bandwidth_bps);
  number(Key::kLocalNpages, plan.local_npages);
  number(Key::kLocalShare, plan.local_share);
  number(Key::kKeep, plan.keep ? 1 : 0);
  std::string pids = plan.pid_operation == PidOperation::kAdd      ? "+"
                     : plan.pid_operation == PidOperation::kRemove ? "-"
                                                                   : "";
  for (std::uint32_t i = 0; i < plan.pid_count; ++i) {
    pids += (i == 0 ? "" : ",") + std::to_string(plan.pids[i]);
  }
  word(Key::kPid, pids);
  word(Key::kPolicy, plan.policy);
  word(Key::kLink, plan.link[0] == '\0' ? "-" : plan.link);
  number(Key::kOneWay, (plan.flags_on & DIME_ONE_WAY) != 0);
  number(Key::kChargeFirstTouch, (plan.flags_on & DIME_CHARGE_FIRST_TOUCH) != 0);
  number(Key::kWriteback, (plan.flags_on & DIME_WRITEBACK) != 0);
  number(Key::kFollowChildren, (plan.flags_on & DIME_FOLLOW_CHILDREN) != 0);
  const char* const scopes[] = {"anon", "all"};
  const char* const waits[] = {"auto", "spin", "sleep"};
  word(Key::kScope, scopes[plan.scope]);
  word(Key::kWait, waits[plan.wait]);
  for (const Key key : {Key::kJitter, Key::kFetchTimes, Key::kSchedule}) {
    const Text value = plan.given[static_cast<unsigned>(key)];
    word(key, std::string(value.data == nullptr ? "" : value.data, value.size));
  }
  number(Key::kSeed, plan.seed);
  number(Key::kOutageMaxNs, plan.outage_max_ns);
  number(Key::kWritebackDepth, plan.writeback_depth);
  number(Key::kPageFaultCount, 0);
  number(Key::kRemove, 1);
  return out;
}

void require_allowed(const Plan& plan, Text text) {
  REQUIRE(plan.has(Key::kInstanceId));
  REQUIRE(plan.instance_id <= kMaxInstanceId);
  REQUIRE(plan.latency_ns <= kMaxLatencyNs);
  REQUIRE(plan.bandwidth_bps == 0 ||
          (plan.bandwidth_bps >= kMinBandwidthBps && plan.bandwidth_bps <= kMaxBandwidthBps));
  REQUIRE(plan.has(Key::kLocalNpages) ==
          (plan.local_npages >= 1 && plan.local_npages <= kMaxLocalNpages));
  REQUIRE(plan.scope <= DIME_SCOPE_ALL && plan.wait <= DIME_WAIT_SLEEP);
  REQUIRE((plan.flags_on & plan.flags_off) == 0);
  REQUIRE(plan.has(Key::kPolicy) == is_name(plan.policy));
  REQUIRE(plan.has(Key::kLink) || plan.link[0] == '\0');
  REQUIRE(plan.link[0] == '\0' || is_name(plan.link));
  REQUIRE(plan.outage_max_ns <= kMaxLatencyNs && plan.writeback_depth <= kMaxWritebackDepth);
  REQUIRE(plan.fetch_times.count <= DIME_MAX_FETCH_SIZES && plan.schedule.count <= DIME_MAX_STEPS);
  const auto jitter = std::make_unique<dime_jitter>();
  jitter::set(*jitter, plan.jitter);
  for (const auto& half : jitter->quantiles_ns) {
    REQUIRE(std::is_sorted(std::begin(half), std::end(half)) ||
            std::is_sorted(std::rbegin(half), std::rend(half)));
  }
  REQUIRE(plan.has(Key::kPid) == (plan.pid_count != 0) && plan.pid_count <= DIME_MAX_MEMBERS);
  std::set<std::uint32_t> seen;
  for (std::uint32_t i = 0; i < plan.pid_count; ++i) {
    REQUIRE(plan.pids[i] >= 1 && plan.pids[i] <= kMaxPid && seen.insert(plan.pids[i]).second);
  }
  for (unsigned i = 0; i < kKeys; ++i) {
    REQUIRE(!plan.has(static_cast<Key>(i)) || inside(plan.given[i], text));
  }
}

void require_refusal(const Error& error, Text text) {
  REQUIRE(error.reason <= Reason::kNotTogether);
  REQUIRE(error.position <= text.size);
  REQUIRE(error.value.empty() || inside(error.value, text));
  REQUIRE(error.key.empty() || inside(error.key, text) || is_known_key(error.key));
  char message[1'024];
  const std::uint64_t length = describe(error, message, sizeof(message));
  REQUIRE(length < sizeof(message) && std::strlen(message) == length);
  for (std::uint64_t i = 0; i < length; ++i) {
    REQUIRE(message[i] >= ' ' && message[i] <= '~');
  }
  char cut[20];
  REQUIRE(describe(error, cut, sizeof(cut)) == length);
  REQUIRE(std::strncmp(cut, message, sizeof(cut) - 1) == 0);
}

/// Refuses the process number `refused_` of the list and nothing else.
class OneRefusal final : public Validator {
 public:
  explicit OneRefusal(std::uint32_t refused) : refused_(refused) {}
  Reason instance(std::uint32_t /*id*/, bool /*remove*/) override { return Reason::kNone; }
  Reason policy(const char* /*name*/) override { return Reason::kNone; }
  Reason link(const char* /*name*/) override { return Reason::kNone; }
  Reason pid(std::uint32_t /*id*/, PidOperation /*operation*/, std::uint32_t /*pid*/) override {
    return asked_++ == refused_ ? Reason::kNoSuchProcess : Reason::kNone;
  }

 private:
  std::uint32_t refused_;
  std::uint32_t asked_ = 0;
};

void require_same(const Plan& a, const Plan& b) {
  REQUIRE(written(a) == written(b));
  REQUIRE(a.flags_off == b.flags_off && a.remove == b.remove);
  REQUIRE(a.reset_page_fault_count == b.reset_page_fault_count);
}

void try_text(const std::string& string) {
  const auto plan = std::make_unique<Plan>();
  const auto again = std::make_unique<Plan>();
  const Text text = text_of(string);
  const Error error = parse(text, *plan);

  const std::string padded = " \t" + string + " \n";
  const Error padded_error = parse(text_of(padded), *again);
  REQUIRE(padded_error.reason == error.reason);
  if (!error.ok()) {
    require_refusal(error, text);
    return;
  }
  require_allowed(*plan, text);
  require_same(*plan, *again);

  const std::string canonical = written(*plan);
  REQUIRE(parse(text_of(canonical), *again).ok());
  require_same(*plan, *again);

  const std::string twice = string + " " + string;
  REQUIRE(parse(text_of(twice), *again).reason == Reason::kDuplicateKey);

  for (std::uint32_t i = 0; i < plan->pid_count; i += 1 + plan->pid_count / 4) {
    OneRefusal validator(i);
    const Error refused = check(*plan, text, validator);
    REQUIRE(refused.reason == Reason::kNoSuchProcess && inside(refused.value, text));
    std::uint64_t number = 0;
    REQUIRE(read_decimal(refused.value, number) && number == plan->pids[i]);
    REQUIRE(text.data + refused.position == refused.value.data);
  }
  OneRefusal nobody(DIME_MAX_MEMBERS);
  REQUIRE(check(*plan, text, nobody).ok());
}

}  // namespace
}  // namespace dime::config

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  dime::config::try_text(std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}
