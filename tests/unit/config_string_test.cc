// SPDX-License-Identifier: GPL-2.0
#include "core/config_string.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace dime::config {
namespace {

std::string message_of(const Error& error) {
  char buffer[1'024];
  describe(error, buffer, sizeof(buffer));
  return buffer;
}

/// Keeps the text that a plan points into.
struct Parsed {
  explicit Parsed(std::string characters) : string(std::move(characters)) {
    text = Text(string.data(), static_cast<std::uint32_t>(string.size()));
    error = parse(text, *plan);
  }

  std::string string;
  Text text;
  std::unique_ptr<Plan> plan = std::make_unique<Plan>();
  Error error;
};

std::vector<std::uint32_t> pids_of(const Plan& plan) {
  return {plan.pids, plan.pids + plan.pid_count};
}

TEST(Accepted, TheManualsExample) {
  const Parsed parsed(
      "instance_id=0 latency_ns=1000 bandwidth_bps=1000000000 local_npages=2000 pid=1234,5678\n");
  ASSERT_TRUE(parsed.error.ok()) << message_of(parsed.error);
  const Plan& plan = *parsed.plan;
  EXPECT_EQ(plan.instance_id, 0u);
  EXPECT_EQ(plan.parameters.latency_ns, 1'000u);
  EXPECT_EQ(plan.parameters.bandwidth_bps, 1'000'000'000u);
  EXPECT_EQ(plan.parameters.local_npages, 2'000u);
  EXPECT_EQ(plan.pid_operation, PidOperation::kReplace);
  EXPECT_EQ(pids_of(plan), (std::vector<std::uint32_t>{1'234, 5'678}));
  for (const Key key :
       {Key::kInstanceId, Key::kLatencyNs, Key::kBandwidthBps, Key::kLocalNpages, Key::kPid}) {
    EXPECT_TRUE(plan.has(key)) << row_of(key).name;
  }
  for (const Key key : {Key::kPolicy, Key::kLink, Key::kOneWay, Key::kWait, Key::kRemove}) {
    EXPECT_FALSE(plan.has(key)) << row_of(key).name;
  }
}

TEST(Accepted, EveryFurtherKey) {
  const Parsed parsed(
      "wait=sleep scope=all instance_id=3 policy=random link=rack-1 one_way=1 charge_first_touch=0 "
      "writeback=0 follow_children=1 page_fault_count=0");
  ASSERT_TRUE(parsed.error.ok()) << message_of(parsed.error);
  const Plan& plan = *parsed.plan;
  EXPECT_EQ(plan.instance_id, 3u);
  EXPECT_STREQ(plan.parameters.policy, "random");
  EXPECT_STREQ(plan.parameters.link, "rack-1");
  EXPECT_EQ(plan.parameters.flags, std::uint32_t{DIME_ONE_WAY | DIME_FOLLOW_CHILDREN});
  EXPECT_EQ(plan.parameters.wait, std::uint32_t{DIME_WAIT_SLEEP});
  EXPECT_EQ(plan.parameters.scope, std::uint32_t{DIME_SCOPE_ALL});
  EXPECT_TRUE(plan.has(Key::kPageFaultCount));
  EXPECT_FALSE(plan.has(Key::kRemove));
}

TEST(Accepted, WhatShapesTheNetwork) {
  const Parsed parsed(
      "instance_id=0 link=- jitter=lognormal,5us,corr=25% seed=18446744073709551615 "
      "fetch_times=4096:2900,16384:5700 schedule=10s:latency=50us;20s:down;25s:up "
      "outage_max_ns=1000000 writeback_depth=0");
  ASSERT_TRUE(parsed.error.ok()) << message_of(parsed.error);
  const Plan& plan = *parsed.plan;
  EXPECT_TRUE(plan.has(Key::kLink));
  EXPECT_STREQ(plan.parameters.link, "");
  EXPECT_EQ(plan.jitter.shape, std::uint32_t{DIME_JITTER_LOGNORMAL});
  EXPECT_EQ(plan.jitter.deviation, Nanos{5'000});
  EXPECT_EQ(plan.jitter.correlation, 2'500u);
  EXPECT_EQ(plan.seed, UINT64_MAX);
  EXPECT_EQ(plan.fetch_times.count, 2u);
  EXPECT_EQ(plan.schedule.count, 3u);
  EXPECT_EQ(plan.schedule.outage_max_ns, 1'000'000u);
  EXPECT_TRUE(plan.has(Key::kWritebackDepth));
  const Parsed table("instance_id=0 jitter=table:0:120:5000,corr=10%");
  ASSERT_TRUE(table.error.ok()) << message_of(table.error);
  EXPECT_TRUE(table.plan->jitter.table == Text("0:120:5000"));
}

TEST(Accepted, PoliciesWithParametersOfTheirOwn) {
  const Parsed parsed("instance_id=0 policy=s3-fifo,small=10%,ghost=1.5");
  ASSERT_TRUE(parsed.error.ok()) << message_of(parsed.error);
  EXPECT_STREQ(parsed.plan->parameters.policy, "s3-fifo,small=10%,ghost=1.5");
}

TEST(Accepted, EveryChoice) {
  const struct {
    const char* text;
    std::uint32_t wait;
    std::uint32_t scope;
  } cases[] = {{"instance_id=0 wait=auto scope=anon", DIME_WAIT_AUTO, DIME_SCOPE_ANON},
               {"instance_id=0 wait=spin scope=all", DIME_WAIT_SPIN, DIME_SCOPE_ALL},
               {"instance_id=0 wait=sleep scope=all", DIME_WAIT_SLEEP, DIME_SCOPE_ALL}};
  for (const auto& each : cases) {
    const Parsed parsed(each.text);
    ASSERT_TRUE(parsed.error.ok()) << each.text;
    EXPECT_EQ(parsed.plan->parameters.wait, each.wait);
    EXPECT_EQ(parsed.plan->parameters.scope, each.scope);
  }
}

TEST(Accepted, PidOperations) {
  const Parsed add("instance_id=0 pid=+12,13");
  ASSERT_TRUE(add.error.ok());
  EXPECT_EQ(add.plan->pid_operation, PidOperation::kAdd);
  EXPECT_EQ(pids_of(*add.plan), (std::vector<std::uint32_t>{12, 13}));
  const Parsed remove("instance_id=0 pid=-12");
  ASSERT_TRUE(remove.error.ok());
  EXPECT_EQ(remove.plan->pid_operation, PidOperation::kRemove);
  EXPECT_EQ(pids_of(*remove.plan), (std::vector<std::uint32_t>{12}));
  const Parsed table("instance_id=0 pid=1234,5678,");  // as the table shows it
  ASSERT_TRUE(table.error.ok());
  EXPECT_EQ(pids_of(*table.plan), (std::vector<std::uint32_t>{1'234, 5'678}));
}

TEST(Accepted, AnyBlanksBetweenWords) {
  for (const char* const text :
       {"instance_id=1 latency_ns=5", "  instance_id=1\tlatency_ns=5  \n",
        "\tlatency_ns=5 \t instance_id=1", "instance_id=1 latency_ns=5\n\n"}) {
    const Parsed parsed(text);
    EXPECT_TRUE(parsed.error.ok()) << text;
    EXPECT_EQ(parsed.plan->parameters.latency_ns, 5u);
  }
}

TEST(Accepted, TheEndsOfEveryRange) {
  for (const char* const text :
       {"instance_id=2147483647", "instance_id=0 latency_ns=0",
        "instance_id=0 latency_ns=60000000000", "instance_id=0 bandwidth_bps=0",
        "instance_id=0 bandwidth_bps=1000", "instance_id=0 bandwidth_bps=1000000000000000",
        "instance_id=0 local_npages=1", "instance_id=0 local_npages=34359738368",
        "instance_id=0 local_share=1", "instance_id=0 local_share=10000", "instance_id=0 keep=0",
        "instance_id=0 keep=1", "instance_id=0 pid=1", "instance_id=0 pid=4194304",
        "instance_id=000 latency_ns=0005", "instance_id=0 link=a234567890123456789012345678901",
        "instance_id=0 remove=1"}) {
    const Parsed parsed(text);
    EXPECT_TRUE(parsed.error.ok()) << text << ": " << message_of(parsed.error);
  }
}

TEST(Accepted, AsManyPidsAsMembers) {
  std::string text = "instance_id=0 pid=";
  for (unsigned pid = 1; pid <= DIME_MAX_MEMBERS; ++pid) {
    text += std::to_string(pid) + ",";
  }
  EXPECT_EQ(Parsed(text).plan->pid_count, unsigned{DIME_MAX_MEMBERS});
  const Parsed parsed(text + "2000");
  EXPECT_EQ(parsed.error.reason, Reason::kTooManyPids);
  EXPECT_TRUE(parsed.error.value == Text("2000"));
}

struct Rejection {
  const char* text;
  Reason reason;
  std::uint32_t position;
  const char* key;
  const char* value;
};

class Rejected : public testing::TestWithParam<Rejection> {};

TEST_P(Rejected, NamesTheKeyAndTheReason) {
  const Rejection& expected = GetParam();
  const Parsed parsed(expected.text);
  EXPECT_EQ(parsed.error.reason, expected.reason) << message_of(parsed.error);
  EXPECT_EQ(parsed.error.position, expected.position);
  EXPECT_TRUE(parsed.error.key == Text(expected.key)) << message_of(parsed.error);
  EXPECT_TRUE(parsed.error.value == Text(expected.value)) << message_of(parsed.error);
  const std::string message = message_of(parsed.error);
  EXPECT_NE(message.find(expected.key), std::string::npos);
  const char* const why = parsed.error.why;
  EXPECT_NE(message.find(why != nullptr ? why : text_of(expected.reason)), std::string::npos);
  EXPECT_EQ(message.find('\n'), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(
    Words, Rejected,
    testing::Values(
        Rejection{"", Reason::kMissingKey, 0, "instance_id", ""},
        Rejection{" \n", Reason::kMissingKey, 2, "instance_id", ""},
        Rejection{"latency_ns=5", Reason::kMissingKey, 12, "instance_id", ""},
        Rejection{"instance_id", Reason::kNotKeyValue, 0, "", "instance_id"},
        Rejection{"instance_id=0 5us", Reason::kNotKeyValue, 14, "", "5us"},
        Rejection{"instance_id = 0", Reason::kNotKeyValue, 0, "", "instance_id"},
        Rejection{"instance_id=0 =5", Reason::kUnknownKey, 14, "", "5"},
        Rejection{"instance_id=0 latency=5", Reason::kUnknownKey, 14, "latency", "5"},
        Rejection{"instance_id=0 LATENCY_NS=5", Reason::kUnknownKey, 14, "LATENCY_NS", "5"},
        Rejection{"instance_id=0 latency_nss=5", Reason::kUnknownKey, 14, "latency_nss", "5"},
        Rejection{"instance_id=0 pids=5", Reason::kUnknownKey, 14, "pids", "5"},
        Rejection{"instance_id=0,latency_ns=5", Reason::kNotANumber, 12, "instance_id",
                  "0,latency_ns=5"},
        Rejection{"instance_id=0 instance_id=0", Reason::kDuplicateKey, 14, "instance_id", "0"},
        Rejection{"instance_id=0 pid=1 pid=2", Reason::kDuplicateKey, 20, "pid", "2"},
        Rejection{"instance_id=0 latency_ns=1 wait=spin latency_ns=1", Reason::kDuplicateKey, 37,
                  "latency_ns", "1"},
        Rejection{"instance_id=0\ninstance_id=1", Reason::kDuplicateKey, 14, "instance_id", "1"},
        Rejection{"instance_id=0 remove=1 wait=spin", Reason::kNotTogether, 21, "remove", "1"},
        Rejection{"instance_id=0 local_share=2500 local_npages=5", Reason::kNotTogether, 26,
                  "local_share", "2500"},
        Rejection{"remove=1", Reason::kMissingKey, 8, "instance_id", ""}));

INSTANTIATE_TEST_SUITE_P(
    EmptyValues, Rejected,
    testing::Values(
        Rejection{"instance_id=", Reason::kEmptyValue, 0, "instance_id", ""},
        Rejection{"instance_id=0 latency_ns=", Reason::kEmptyValue, 14, "latency_ns", ""},
        Rejection{"instance_id=0 bandwidth_bps=", Reason::kEmptyValue, 14, "bandwidth_bps", ""},
        Rejection{"instance_id=0 local_npages= 5", Reason::kEmptyValue, 14, "local_npages", ""},
        Rejection{"instance_id=0 pid=", Reason::kEmptyValue, 14, "pid", ""},
        Rejection{"instance_id=0 policy=", Reason::kEmptyValue, 14, "policy", ""},
        Rejection{"instance_id=0 link=", Reason::kEmptyValue, 14, "link", ""},
        Rejection{"instance_id=0 wait=", Reason::kEmptyValue, 14, "wait", ""},
        Rejection{"instance_id=0 remove=", Reason::kEmptyValue, 14, "remove", ""}));

INSTANTIATE_TEST_SUITE_P(
    Numbers, Rejected,
    testing::Values(
        Rejection{"instance_id=-1", Reason::kNotANumber, 12, "instance_id", "-1"},
        Rejection{"instance_id=2147483648", Reason::kOutOfRange, 12, "instance_id", "2147483648"},
        Rejection{"instance_id=0x1", Reason::kNotANumber, 12, "instance_id", "0x1"},
        Rejection{"instance_id=all", Reason::kNotANumber, 12, "instance_id", "all"},
        Rejection{"instance_id=0 latency_ns=-1", Reason::kNotANumber, 25, "latency_ns", "-1"},
        Rejection{"instance_id=0 latency_ns=+1", Reason::kNotANumber, 25, "latency_ns", "+1"},
        Rejection{"instance_id=0 latency_ns=5us", Reason::kNotANumber, 25, "latency_ns", "5us"},
        Rejection{"instance_id=0 latency_ns=1.5", Reason::kNotANumber, 25, "latency_ns", "1.5"},
        Rejection{"instance_id=0 latency_ns=1e3", Reason::kNotANumber, 25, "latency_ns", "1e3"},
        Rejection{"instance_id=0 latency_ns=nan", Reason::kNotANumber, 25, "latency_ns", "nan"},
        Rejection{"instance_id=0 latency_ns==5", Reason::kNotANumber, 25, "latency_ns", "=5"},
        Rejection{"instance_id=0 latency_ns=60000000001", Reason::kOutOfRange, 25, "latency_ns",
                  "60000000001"},
        Rejection{"instance_id=0 latency_ns=18446744073709551616", Reason::kOutOfRange, 25,
                  "latency_ns", "18446744073709551616"},
        Rejection{"instance_id=0 latency_ns=18446744073709551617000", Reason::kOutOfRange, 25,
                  "latency_ns", "18446744073709551617000"},
        Rejection{"instance_id=0 bandwidth_bps=999", Reason::kOutOfRange, 28, "bandwidth_bps",
                  "999"},
        Rejection{"instance_id=0 bandwidth_bps=1000000000000001", Reason::kOutOfRange, 28,
                  "bandwidth_bps", "1000000000000001"},
        Rejection{"instance_id=0 bandwidth_bps=40Gbit/s", Reason::kNotANumber, 28, "bandwidth_bps",
                  "40Gbit/s"},
        Rejection{"instance_id=0 local_npages=0", Reason::kOutOfRange, 27, "local_npages", "0"},
        Rejection{"instance_id=0 local_npages=34359738369", Reason::kOutOfRange, 27, "local_npages",
                  "34359738369"},
        Rejection{"instance_id=0 local_share=0", Reason::kOutOfRange, 26, "local_share", "0"},
        Rejection{"instance_id=0 local_share=10001", Reason::kOutOfRange, 26, "local_share",
                  "10001"},
        Rejection{"instance_id=0 keep=2", Reason::kOutOfRange, 19, "keep", "2"},
        Rejection{"instance_id=0 local_npages=25%", Reason::kNotANumber, 27, "local_npages", "25%"},
        Rejection{"instance_id=0 page_fault_count=1", Reason::kOutOfRange, 31, "page_fault_count",
                  "1"},
        Rejection{"instance_id=0 remove=0", Reason::kOutOfRange, 21, "remove", "0"},
        Rejection{"instance_id=0 remove=yes", Reason::kNotANumber, 21, "remove", "yes"}));

INSTANTIATE_TEST_SUITE_P(
    SwitchesAndWords, Rejected,
    testing::Values(
        Rejection{"instance_id=0 one_way=2", Reason::kOutOfRange, 22, "one_way", "2"},
        Rejection{"instance_id=0 one_way=yes", Reason::kNotANumber, 22, "one_way", "yes"},
        Rejection{"instance_id=0 charge_first_touch=-1", Reason::kNotANumber, 33,
                  "charge_first_touch", "-1"},
        Rejection{"instance_id=0 writeback=on", Reason::kNotANumber, 24, "writeback", "on"},
        Rejection{"instance_id=0 follow_children=10", Reason::kOutOfRange, 30, "follow_children",
                  "10"},
        Rejection{"instance_id=0 scope=file", Reason::kNotAChoice, 20, "scope", "file"},
        Rejection{"instance_id=0 scope=1", Reason::kNotAChoice, 20, "scope", "1"},
        Rejection{"instance_id=0 wait=Spin", Reason::kNotAChoice, 19, "wait", "Spin"},
        Rejection{"instance_id=0 wait=spi", Reason::kNotAChoice, 19, "wait", "spi"},
        Rejection{"instance_id=0 policy=../fifo", Reason::kBadName, 21, "policy", "../fifo"},
        Rejection{"instance_id=0 policy=-fifo", Reason::kBadName, 21, "policy", "-fifo"},
        Rejection{"instance_id=0 policy=fi\"fo", Reason::kBadName, 21, "policy", "fi\"fo"},
        Rejection{"instance_id=0 policy=s3-fifo,small=1/2", Reason::kBadName, 21, "policy",
                  "s3-fifo,small=1/2"},
        Rejection{"instance_id=0 link=a/b", Reason::kBadName, 19, "link", "a/b"},
        Rejection{"instance_id=0 jitter=gauss,5us", Reason::kBadForm, 21, "jitter", "gauss,5us"},
        Rejection{"instance_id=0 fetch_times=4096:5,512:9", Reason::kBadForm, 26, "fetch_times",
                  "4096:5,512:9"},
        Rejection{"instance_id=0 schedule=9s:down;5s:up", Reason::kBadForm, 31, "schedule", "5s"},
        Rejection{"instance_id=0 schedule=9s:latency=5us,", Reason::kBadForm, 23, "schedule",
                  "9s:latency=5us,"},
        Rejection{"instance_id=0 seed=-1", Reason::kNotANumber, 19, "seed", "-1"},
        Rejection{"instance_id=0 link=.", Reason::kBadName, 19, "link", "."},
        Rejection{"instance_id=0 link=l\xc3\xa4nk", Reason::kBadName, 19, "link", "l\xc3\xa4nk"},
        Rejection{"instance_id=0 link=a2345678901234567890123456789012", Reason::kBadName, 19,
                  "link", "a2345678901234567890123456789012"}));

INSTANTIATE_TEST_SUITE_P(
    PidLists, Rejected,
    testing::Values(Rejection{"instance_id=0 pid=0", Reason::kOutOfRange, 18, "pid", "0"},
                    Rejection{"instance_id=0 pid=4194305", Reason::kOutOfRange, 18, "pid",
                              "4194305"},
                    Rejection{"instance_id=0 pid=12,x", Reason::kNotANumber, 21, "pid", "x"},
                    Rejection{"instance_id=0 pid=12,99999999999999999999", Reason::kOutOfRange, 21,
                              "pid", "99999999999999999999"},
                    Rejection{"instance_id=0 pid=,", Reason::kBadPidList, 18, "pid", ","},
                    Rejection{"instance_id=0 pid=,1", Reason::kBadPidList, 18, "pid", ",1"},
                    Rejection{"instance_id=0 pid=1,,2", Reason::kBadPidList, 18, "pid", "1,,2"},
                    Rejection{"instance_id=0 pid=1,,", Reason::kBadPidList, 18, "pid", "1,,"},
                    Rejection{"instance_id=0 pid=+", Reason::kBadPidList, 18, "pid", "+"},
                    Rejection{"instance_id=0 pid=-", Reason::kBadPidList, 18, "pid", "-"},
                    Rejection{"instance_id=0 pid=+,1", Reason::kBadPidList, 18, "pid", "+,1"},
                    Rejection{"instance_id=0 pid=+-1", Reason::kBadPidList, 19, "pid", "-1"},
                    Rejection{"instance_id=0 pid=1,+2", Reason::kBadPidList, 20, "pid", "+2"},
                    Rejection{"instance_id=0 pid=+1,-2", Reason::kBadPidList, 21, "pid", "-2"},
                    Rejection{"instance_id=0 pid=1;2", Reason::kNotANumber, 18, "pid", "1;2"},
                    Rejection{"instance_id=0 pid=7,8,7", Reason::kDuplicatePid, 22, "pid", "7"},
                    Rejection{"instance_id=0 pid=7,007", Reason::kDuplicatePid, 20, "pid", "007"}));

TEST(RejectedText, NulInsideIsNoSeparator) {
  const Parsed parsed(std::string("instance_id=0\0latency_ns=5", 26));
  EXPECT_EQ(parsed.error.reason, Reason::kNotANumber);
}

TEST(Message, NamesKeyValueReasonAndWhatIsAllowed) {
  EXPECT_EQ(message_of(Parsed("instance_id=0 latency_ns=5us").error),
            "latency_ns=5us: not a decimal number; allowed: 0 to 60000000000 nanoseconds, without "
            "a unit");
  EXPECT_EQ(message_of(Parsed("instance_id=0 wait=never").error),
            "wait=never: not one of the choices; allowed: auto, spin or sleep");
  EXPECT_EQ(message_of(Parsed("instance_id=0 schedule=9s:down;5s:up").error),
            "schedule=5s: out of order; allowed: a time later than that of the step before");
  EXPECT_EQ(message_of(Parsed("instance_id=0 wait=spin wait=spin").error),
            "wait=spin: given twice");
}

TEST(Message, ListsTheKeysForAnUnknownOne) {
  const std::string message = message_of(Parsed("instance_id=0 latency=5").error);
  EXPECT_EQ(message.rfind("latency=5: unknown key; known keys: instance_id, latency_ns, ", 0), 0u);
  for (const Parameter& row : kParameters) {
    EXPECT_NE(message.find(row.name), std::string::npos);
  }
}

TEST(Message, ShowsStrangeTextHarmlesslyAndShort) {
  const std::string message =
      message_of(Parsed("instance_id=0 \x1b[31m\x07=" + std::string(500, 'x')).error);
  EXPECT_EQ(message.find('\x1b'), std::string::npos);
  EXPECT_EQ(message.rfind("?[31m?=xxx", 0), 0u);
  EXPECT_NE(message.find("xxx...: unknown key"), std::string::npos);
  EXPECT_LT(message.size(), 400u);
}

TEST(Message, EveryReasonHasItsOwnText) {
  std::vector<std::string> texts;
  for (unsigned i = 0; i <= static_cast<unsigned>(Reason::kCannotEmulate); ++i) {
    texts.emplace_back(text_of(static_cast<Reason>(i)));
    for (unsigned before = 0; before < i; ++before) {
      EXPECT_NE(texts[before], texts[i]);
    }
  }
}

/// Knows instances 0, with member 10, and 2; the policy fifo; processes below 100. It manages
/// anonymous memory only, unless it is said to manage everything.
class SmallWorld final : public Validator {
 public:
  explicit SmallWorld(std::uint32_t scope = DIME_SCOPE_ANON) : scope_(scope) {}
  Present instance(std::uint32_t id) override {
    return {id == 0 || id == 2 ? &parameters_ : nullptr, 3};
  }
  Reason policy(const char* name) override {
    return std::string(name) == "fifo" ? Reason::kNone : Reason::kNoSuchPolicy;
  }
  Reason prefetch(const char* name) override {
    return std::string(name) == "none" ? Reason::kNone : Reason::kNoSuchPrefetcher;
  }
  Reason scope(std::uint32_t scope) override {
    return scope <= scope_ ? Reason::kNone : Reason::kNoSuchScope;
  }
  Reason pid(std::uint32_t instance_id, PidOperation operation, std::uint32_t pid) override {
    if (pid >= 100) {
      return Reason::kNoSuchProcess;
    }
    if (operation == PidOperation::kRemove) {
      return instance_id == 0 && pid == 10 ? Reason::kNone : Reason::kNotAMember;
    }
    return instance_id == 1 && pid == 10 ? Reason::kPidTaken : Reason::kNone;
  }

 private:
  std::uint32_t scope_;
  dime_parameters parameters_ = default_parameters();
};

struct Check {
  const char* text;
  Reason reason;
  const char* message;
};

class Checked : public testing::TestWithParam<Check> {};

TEST_P(Checked, AgainstWhatThereIs) {
  const Check& expected = GetParam();
  const Parsed parsed(expected.text);
  ASSERT_TRUE(parsed.error.ok()) << message_of(parsed.error);
  SmallWorld world;
  const Error error = check(*parsed.plan, parsed.text, world);
  EXPECT_EQ(error.reason, expected.reason);
  EXPECT_EQ(message_of(error).rfind(expected.message, 0), 0u) << message_of(error);
  if (!error.ok()) {
    EXPECT_TRUE(parsed.text.slice(error.position, error.position + error.value.size) ==
                error.value);
  }
}

INSTANTIATE_TEST_SUITE_P(
    World, Checked,
    testing::Values(
        Check{"instance_id=0 policy=fifo link=rack pid=10,20,", Reason::kNone, ": accepted"},
        Check{"instance_id=1", Reason::kNone, ": accepted"},
        Check{"instance_id=3", Reason::kNone, ": accepted"},
        Check{"instance_id=4", Reason::kNoSuchInstance,
              "instance_id=4: neither an instance nor the next free id"},
        Check{"instance_id=4 keep=1", Reason::kNoSuchInstance, "instance_id=4: neither"},
        Check{"instance_id=4 keep=0", Reason::kNone, ": accepted"},
        Check{"instance_id=1 remove=1", Reason::kNoSuchInstance, "instance_id=1: neither"},
        Check{"instance_id=2 remove=1", Reason::kNone, ": accepted"},
        Check{"instance_id=0 policy=lru", Reason::kNoSuchPolicy, "policy=lru: no such policy"},
        Check{"instance_id=0 prefetch=none", Reason::kNone, ": accepted"},
        Check{"instance_id=0 prefetch=psychic", Reason::kNoSuchPrefetcher,
              "prefetch=psychic: no such prefetcher"},
        Check{"instance_id=0 scope=all", Reason::kNoSuchScope,
              "scope=all: this engine manages anonymous memory only; allowed: anon"},
        Check{"instance_id=0 pid=20,100,30", Reason::kNoSuchProcess, "pid=100: no such process"},
        Check{"instance_id=1 pid=+20,10", Reason::kPidTaken,
              "pid=10: already a member of another instance"},
        Check{"instance_id=0 pid=-10,20", Reason::kNotAMember,
              "pid=20: not a member of this instance"},
        Check{"instance_id=0 pid=-10", Reason::kNone, ": accepted"}));

// An instruction may touch that many pages, and with scope=all they are all managed.
TEST(Checked, EnoughPagesWithEverythingManaged) {
  SmallWorld world(DIME_SCOPE_ALL);
  const auto checked = [&world](const char* text) {
    const Parsed parsed(text);
    return message_of(check(*parsed.plan, parsed.text, world));
  };
  EXPECT_EQ(checked("instance_id=0 scope=all"), ": accepted");  // a share, which is never less
  EXPECT_EQ(checked("instance_id=1 scope=all local_npages=32"), ": accepted");
  EXPECT_EQ(checked("instance_id=1 scope=all local_npages=31").rfind("local_npages=31: with ", 0),
            0u);
  EXPECT_EQ(checked("instance_id=1 local_npages=31"), ": accepted");
}

}  // namespace
}  // namespace dime::config
