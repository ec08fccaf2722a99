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
#include "core/policy_choice.h"

namespace dime::config {
namespace {

#define REQUIRE(condition)                                                                \
  do {                                                                                    \
    if (!(condition)) {                                                                   \
      std::fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                       \
    }                                                                                     \
  } while (false)

bool inside(Text part, Text whole) {
  return part.data >= whole.data && part.data + part.size <= whole.data + whole.size;
}

bool is_known_key(Text name) {
  return std::any_of(std::begin(kParameters), std::end(kParameters),
                     [&](const Parameter& row) { return name == Text(row.name); });
}

std::string written(const Plan& plan) {
  TextWriter counted(nullptr, 0);
  write(counted, plan);
  std::string text(counted.length(), '\0');
  TextWriter out(text.data(), text.size() + 1);
  write(out, plan);
  return text;
}

void require_allowed(const Plan& plan) {
  REQUIRE(plan.has(Key::kInstanceId));
  for (const Parameter& row : kParameters) {
    if (!plan.has(row.key) || row.field.bytes == 0) {
      continue;
    }
    if (is_name(row)) {
      const char* const name = name_in(row, plan.parameters);
      const Text text(name);
      REQUIRE(is_name(row.kind == Kind::kPolicy ? policy_choice::name_of(text) : text) ||
              (row.kind == Kind::kLink && *name == '\0'));
      continue;
    }
    const std::uint64_t number = number_of(row, plan);
    REQUIRE((number >= row.least && number <= row.most) || (row.or_zero && number == 0) ||
            (row.kind == Kind::kWriteRate && number == DIME_UNLIMITED));
  }
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
  Present instance(std::uint32_t /*id*/) override { return {&parameters_, 0}; }
  Reason policy(const char* /*name*/) override { return Reason::kNone; }
  Reason prefetch(const char* /*name*/) override { return Reason::kNone; }
  Reason scope(std::uint32_t /*scope*/) override { return Reason::kNone; }
  Reason pid(std::uint32_t /*id*/, PidOperation /*operation*/, std::uint32_t /*pid*/) override {
    return asked_++ == refused_ ? Reason::kNoSuchProcess : Reason::kNone;
  }

 private:
  std::uint32_t refused_;
  std::uint32_t asked_ = 0;
  dime_parameters parameters_ = default_parameters();
};

void require_same(const Plan& a, const Plan& b) {
  REQUIRE(written(a) == written(b));
  REQUIRE(a.given == b.given);
}

void try_text(const std::string& string) {
  const auto plan = std::make_unique<Plan>();
  const auto again = std::make_unique<Plan>();
  const Text text = string;
  const Error error = parse(text, *plan);

  const std::string padded = " \t" + string + " \n";
  const Error padded_error = parse(padded, *again);
  REQUIRE(padded_error.reason == error.reason);
  if (!error.ok()) {
    require_refusal(error, text);
    return;
  }
  require_allowed(*plan);
  require_same(*plan, *again);

  const std::string canonical = written(*plan);
  REQUIRE(parse(canonical, *again).ok());
  require_same(*plan, *again);

  const std::string twice = string + " " + string;
  REQUIRE(parse(twice, *again).reason == Reason::kDuplicateKey);

  for (std::uint32_t i = 0; i < plan->pid_count; i += 1 + plan->pid_count / 4) {
    OneRefusal validator(i);
    const Error refused = check(*plan, text, validator);
    if (refused.reason == Reason::kTooFewPages) {
      break;
    }
    REQUIRE(refused.reason == Reason::kNoSuchProcess && inside(refused.value, text));
    std::uint64_t number = 0;
    REQUIRE(read_decimal(refused.value, number) && number == plan->pids[i]);
    REQUIRE(text.data + refused.position == refused.value.data);
  }
  OneRefusal nobody(DIME_MAX_MEMBERS);
  const Reason reason = check(*plan, text, nobody).reason;
  REQUIRE(reason == Reason::kNone || reason == Reason::kTooFewPages);
}

}  // namespace
}  // namespace dime::config

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  dime::config::try_text(std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}
