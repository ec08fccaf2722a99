// SPDX-License-Identifier: GPL-2.0
// What dime.ko writes is read back, and what it is told is well-formed.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>

#include "core/config_string.h"
#include "engines/kernel/client/client.h"
#include "engines/kernel/client/config_text.h"
#include "runtime_folder.h"

namespace dime::kernel {
namespace {

constexpr const char* kText =
    "dime_stats 1\n"
    "version 0.1.0\n"
    "floor_ns 2700\n"
    "refusal latency_ns=5us: not a decimal number\n"
    "refused latency_ns 6\n"
    "registered fifo evict the page that has been local longest\n"
    "registered lru evict a page that was not used lately\n"
    "instance 0\n"
    "keep 0\n"
    "owner 17\n"
    "policy lru\n"
    "link shared\n"
    "latency_ns 2000\n"
    "bandwidth_bps 40000000000\n"
    "local_npages 100\n"
    "local_share 2550\n"
    "writeback_depth 64\n"
    "flags 12\n"
    "wait 1\n"
    "scope 1\n"
    "jitter 2 5000 2500 7\n"
    "fetch_time 4096 2900\n"
    "fetch_time 16384 5700\n"
    "step 10000000000 50000 0 1\n"
    "step 20000000000 0 0 4\n"
    "outage_max_ns 9000000000\n"
    "faults_first_touch 715\n"
    "faults_remote 200537\n"
    "faults_joined 3\n"
    "evictions_clean 186868\n"
    "evictions_dirty 14259\n"
    "evictions_refused 1\n"
    "late_adopted 2\n"
    "page_fault_count 201252\n"
    "not_followed 4\n"
    "forced 5\n"
    "reclosed 6\n"
    "local_pages 99\n"
    "managed_pages 640\n"
    "unmanaged_pages 543\n"
    "local_peak 100\n"
    "managed_peak 715\n"
    "unmanaged_peak 544\n"
    "target_ns 2819\n"
    "a_key_of_a_later_version 1 2 3\n"
    "lead_ns 810\n"
    "rx bytes 4096 transfers 1 busy_ns 819 queue_ns 7 first_ns 1000 last_ns 1819\n"
    "tx bytes 8192 transfers 2 busy_ns 1638 queue_ns 0 first_ns 1000 last_ns 3000\n"
    "stall_count 3\n"
    "stall_sum 9000\n"
    "stall_max 4000\n"
    "bucket 7 2\n"
    "bucket 3839 1\n"
    "audit_remote_open 0\n"
    "process 270 parent 1 state active first_touch 700 remote 200000 joined 3 evictions 5 stall_ns "
    "99 "
    "local 211 managed 524 unmanaged 300 comm a\\040b\\134\n"
    "process 271 parent 270 state ended first_touch 15 remote 537 joined 0 evictions 6 stall_ns 98 "
    "local "
    "0 managed 0 unmanaged 0 comm sh\n"
    "instance 3\n"
    "keep 1\n"
    "owner 0\n"
    "policy fifo\n"
    "target_ns 9000\n"
    "flags 12\n"
    "forced 0\n";

TEST(KernelStats, ReadsWhatTheModuleSays) {
  const auto stats = parse_stats(kText);
  ASSERT_TRUE(stats);
  EXPECT_EQ(stats->version, "0.1.0");
  EXPECT_EQ(stats->floor_ns, 2'700u);
  EXPECT_EQ(stats->refusal, "latency_ns=5us: not a decimal number");
  EXPECT_EQ(stats->refused.key, "latency_ns");
  EXPECT_EQ(stats->refused.reason, static_cast<unsigned>(config::Reason::kNotANumber));
  ASSERT_EQ(stats->policies.size(), 2u);
  EXPECT_EQ(stats->policies[1].name, "lru");
  EXPECT_EQ(stats->policies[1].summary, "evict a page that was not used lately");
  ASSERT_EQ(stats->instances.size(), 2u);
  const InstanceStats& instance = stats->instances[0];
  EXPECT_FALSE(instance.keep);
  EXPECT_EQ(instance.owner, 17);
  EXPECT_EQ(instance.link.rx.busy_ns, 819u);
  EXPECT_EQ(instance.link.tx.last_ns, 3'000u);
  const dime_control& control = *instance.control;
  EXPECT_EQ(control.engine, std::uint32_t{DIME_ENGINE_KERNEL});
  EXPECT_STREQ(control.parameters.policy, "lru");
  EXPECT_STREQ(control.parameters.link, "shared");
  EXPECT_EQ(control.parameters.latency_ns, 2'000u);
  EXPECT_EQ(control.parameters.local_share, 2'550u);
  EXPECT_EQ(control.parameters.wait, std::uint32_t{DIME_WAIT_SPIN});
  EXPECT_EQ(control.parameters.scope, std::uint32_t{DIME_SCOPE_ALL});
  EXPECT_EQ(control.jitter.shape, std::uint32_t{DIME_JITTER_LOGNORMAL});
  EXPECT_EQ(control.jitter.correlation, 2'500u);
  EXPECT_EQ(control.jitter.seed, 7u);
  ASSERT_EQ(control.fetch_times.count, 2u);
  EXPECT_EQ(control.fetch_times.sizes[1].ns, 5'700u);
  ASSERT_EQ(control.schedule.count, 2u);
  EXPECT_EQ(control.schedule.steps[0].latency_ns, 50'000u);
  EXPECT_EQ(control.schedule.steps[1].what, DIME_STEP_DOWN);
  EXPECT_EQ(control.schedule.outage_max_ns, 9'000'000'000u);
  EXPECT_EQ(control.counters.faults_remote, 200'537u);
  EXPECT_EQ(control.counters.not_followed, 4u);
  EXPECT_EQ(control.levels.unmanaged_peak, 544u);
  EXPECT_EQ(control.calibration.floor_ns, 2'700u);
  EXPECT_EQ(control.stall_ns.sum, 9'000u);
  EXPECT_EQ(control.stall_ns.buckets[7], 2u);
  EXPECT_EQ(control.stall_ns.buckets[3839], 1u);
  EXPECT_NE(std::string(control.last_problem).find("5 pages"), std::string::npos);
  EXPECT_TRUE(stats->instances[1].keep);
  EXPECT_STREQ(stats->instances[1].control->last_problem, "");
}

TEST(KernelStats, ReadsProcesses) {
  const auto stats = parse_stats(kText);
  ASSERT_TRUE(stats);
  const dime_member& first = stats->instances[0].control->members[0];
  EXPECT_EQ(first.pid, 270u);
  EXPECT_EQ(first.parent_pid, 1u);
  EXPECT_EQ(first.state, std::uint32_t{DIME_MEMBER_ACTIVE});
  EXPECT_STREQ(first.comm, "a b\\");
  EXPECT_EQ(first.faults_remote, 200'000u);
  EXPECT_EQ(first.managed_pages, 524u);
  EXPECT_EQ(first.unmanaged_pages, 300u);
  const dime_member& second = stats->instances[0].control->members[1];
  EXPECT_EQ(second.state, std::uint32_t{DIME_MEMBER_ENDED});
  EXPECT_EQ(second.stall_ns_sum, 98u);
  EXPECT_EQ(stats->instances[0].control->members[2].state, std::uint32_t{DIME_MEMBER_FREE});
}

TEST(KernelStats, KeepsTheLastProcessesWhereThereAreMoreThanRoom) {
  std::string text = "dime_stats 1\ninstance 0\n";
  for (unsigned pid = 1; pid <= DIME_MAX_MEMBERS + 2; ++pid) {
    text += fmt::format("process {} parent 1 state ended comm x\n", pid);
  }
  const auto stats = parse_stats(text);
  ASSERT_TRUE(stats);
  EXPECT_EQ(stats->instances[0].control->members[0].pid, DIME_MAX_MEMBERS + 1u);
  EXPECT_EQ(stats->instances[0].control->members[2].pid, 3u);
}

TEST(KernelStats, SaysWhichStallIsBelowTheFloor) {
  const auto stats = parse_stats(
      "dime_stats 1\nfloor_ns 5000\ninstance 0\ntarget_ns 4999\ninstance 1\ntarget_ns 5000\n");
  ASSERT_TRUE(stats);
  EXPECT_NE(stats->instances[0].control->parameters.flags & DIME_ALLOW_FLOOR, 0u);
  EXPECT_EQ(stats->instances[1].control->parameters.flags & DIME_ALLOW_FLOOR, 0u);
}

TEST(KernelStats, RefusesOtherForms) {
  for (const char* const text : {"", "instance 0\n", "dime_stats 2\n", "dime_stats\n"}) {
    EXPECT_FALSE(parse_stats(text)) << text;
  }
  for (const char* const line :
       {"latency_ns many", "latency_ns", "wait -1", "bucket 3840 1", "bucket 1", "rx bytes x",
        "process x", "process 1 remote y", "instance x", "owner x"}) {
    const auto stats = parse_stats(fmt::format("dime_stats 1\ninstance 0\n{}\n", line));
    ASSERT_FALSE(stats) << line;
    EXPECT_NE(stats.error().message.find(line), std::string::npos);
  }
}

TEST(KernelStats, FindsInstancesAndFreeIds) {
  const auto stats = parse_stats(kText);
  ASSERT_TRUE(stats);
  EXPECT_EQ(find_instance(*stats, 3)->control->target_ns, 9'000u);
  EXPECT_EQ(find_instance(*stats, 1), nullptr);
  EXPECT_EQ(next_free_id(*stats), 1u);
  EXPECT_EQ(next_free_id({}), 0u);
}

TEST(KernelTable, GivesTheMembersOfOneInstance) {
  constexpr const char* kTable =
      "instance_id latency_ns bandwidth_bps local_npages page_fault_count pid\n"
      "          0       1000    1000000000         2000                0 1234,5678,\n"
      "          1        500    1000000000         5000                0 \n"
      "         10        500    1000000000         5000                0 9,\n";
  EXPECT_EQ(pids_in(kTable, 0), (std::vector<pid_t>{1234, 5678}));
  EXPECT_TRUE(pids_in(kTable, 1).empty());
  EXPECT_EQ(pids_in(kTable, 10), (std::vector<pid_t>{9}));
  EXPECT_TRUE(pids_in(kTable, 2).empty());
}

// The grammar's own parser reads what is written for it.
TEST(KernelConfig, WritesStringsOfTheGrammar) {
  dime_parameters parameters{};
  parameters.latency_ns = 5'000;
  parameters.bandwidth_bps = 40'000'000'000;
  parameters.local_share = 2'500;
  parameters.flags = DIME_WRITEBACK | DIME_ONE_WAY;
  parameters.wait = DIME_WAIT_SLEEP;
  std::string_view("random").copy(parameters.policy, sizeof parameters.policy - 1);
  std::string_view("none").copy(parameters.prefetch, sizeof parameters.prefetch - 1);
  std::string_view("wire").copy(parameters.link, sizeof parameters.link - 1);
  const auto plan = std::make_unique<config::Plan>();
  const auto parsed = [&plan](const std::string& text) {
    return config::parse({text.data(), static_cast<std::uint32_t>(text.size())}, *plan).ok();
  };
  ASSERT_TRUE(parsed(creation_text(4, parameters)));
  EXPECT_EQ(plan->instance_id, 4u);
  EXPECT_FALSE(plan->has(config::Key::kLocalNpages));
  EXPECT_EQ(config::first_difference(config::plan_for(parameters), plan->parameters), nullptr);
  EXPECT_TRUE(plan->has(config::Key::kKeep));
  EXPECT_EQ(plan->keep, 0u);
  EXPECT_TRUE(plan->has(config::Key::kWritebackDepth));

  ASSERT_TRUE(parsed(members_text(1, '-', {7, 8})));
  EXPECT_EQ(plan->pid_operation, config::PidOperation::kRemove);
  EXPECT_EQ(plan->pid_count, 2u);
  ASSERT_TRUE(parsed(removal_text(9)));
  EXPECT_TRUE(plan->remove);
}

class KernelClientTest : public testing::Test {
 protected:
  void write(const char* name, const std::string& text) {
    std::ofstream(folder_.path() + "/" + name) << text;
  }
  std::string read(const char* name) {
    std::ifstream file(folder_.path() + "/" + name);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  test::RuntimeFolder folder_;
  Client client_{folder_.path(), folder_.path()};
};

TEST_F(KernelClientTest, SaysThatTheModuleIsNotLoaded) {
  EXPECT_FALSE(client_.is_loaded());
  const auto usable = client_.check_usable();
  ASSERT_FALSE(usable);
  EXPECT_NE(usable.error().message.find("not loaded"), std::string::npos);
  EXPECT_EQ(usable.error().hint, "dime module load");
}

TEST_F(KernelClientTest, SaysThatTheModuleIsOfAnotherVersion) {
  write("dime_config", "");
  write("dime_stats", "instance 0\n");
  const auto usable = client_.check_usable();
  ASSERT_FALSE(usable);
  EXPECT_NE(usable.error().message.find("another version"), std::string::npos);
}

TEST_F(KernelClientTest, WritesWholeStrings) {
  write("dime_config", "");
  write("dime_stats", kText);
  write("floor_ns", "");
  EXPECT_TRUE(client_.check_usable());
  EXPECT_TRUE(client_.lock());
  EXPECT_TRUE(client_.configure("instance_id=0 remove=1"));
  EXPECT_EQ(read("dime_config"), "instance_id=0 remove=1");
  EXPECT_TRUE(client_.note_floor(2'800));
  EXPECT_EQ(read("floor_ns"), "2800");
}

TEST(KernelRules, AreReadChangedAndWritten) {
  constexpr const char* kRules =
      "instance_id=0\ntier near: latency=20us\nplace heap: near\n"
      "instance_id=10\ntier far: latency=60us\nplace anon: far\nplace all: local\n";
  const Rules ten = rules_in(kRules, 10);
  EXPECT_EQ(ten.tiers, std::vector<std::string>{"far: latency=60us"});
  EXPECT_EQ(ten.rules, (std::vector<std::string>{"anon: far", "all: local"}));
  EXPECT_TRUE(rules_in(kRules, 1).tiers.empty());
  EXPECT_EQ(rules_text(10, changed(ten, {{"far: latency=9us"}, {}})),
            "instance_id=10\ntier far: latency=60us\ntier far: latency=9us\nplace anon: far\n"
            "place all: local\n");
  EXPECT_EQ(changed(ten, {{}, {"heap: far"}}).rules, std::vector<std::string>{"heap: far"});
}

TEST(KernelStats, MarksAndNamesWithoutRoom) {
  const auto stats = parse_stats(
      "dime_stats 1\ninstance 0\nnot_kept 0\ncreated_ns 1000\nmark_count 300\n"
      "mark 2000 17 1 2 3 4 5 load\\040it\n"
      "mark 3000 18 10 20 30 40 50 \n"
      "instance 1\nnot_kept 2\ncreated_ns 5\nmark_count 0\n");
  ASSERT_TRUE(stats);
  const dime_control& first = *stats->instances[0].control;
  EXPECT_EQ(first.created_ns, 1000u);
  EXPECT_EQ(first.mark_count, 300u);
  EXPECT_EQ(first.marks[0].at_ns, 2000u);
  EXPECT_EQ(first.marks[0].pid, 17u);
  EXPECT_EQ(first.marks[0].first_touch, 1u);
  EXPECT_EQ(first.marks[0].remote, 2u);
  EXPECT_EQ(first.marks[0].joined, 3u);
  EXPECT_EQ(first.marks[0].evictions, 4u);
  EXPECT_EQ(first.marks[0].stall_ns, 5u);
  EXPECT_STREQ(first.marks[0].name, "load it");
  EXPECT_STREQ(first.marks[1].name, "");
  EXPECT_EQ(first.marks[1].ready, 1u);
  EXPECT_EQ(first.marks[2].ready, 0u);
  EXPECT_STREQ(first.last_problem, "");
  EXPECT_STREQ(stats->instances[1].control->last_problem, "2 names of memory had no room");
  EXPECT_FALSE(parse_stats("dime_stats 1\ninstance 0\nmark 2000 17 1 2 3 4 x name\n"));
}

TEST(KernelStats, TiersAndRules) {
  const std::string text =
      std::string("dime_stats 1\ninstance 3\n") +
      "tier 1 far first_touch 5 remote 7 joined 0 clean 1 dirty 2 refused 0 local 3 "
      "managed 4 local_peak 3 managed_peak 4 stall_count 7 stall_sum 70 stall_max 12\n"
      "tier_bucket 1 10 7\nrule 0 matched 1\n";
  const auto stats = parse_stats(text);
  ASSERT_TRUE(stats) << stats.error().message;
  const dime_control& control = *stats->instances.front().control;
  EXPECT_STREQ(control.placement.tiers[1].name, "far");
  EXPECT_EQ(control.tier_uses[1].counters.faults_remote, 7u);
  EXPECT_EQ(control.tier_uses[1].stall_ns.buckets[10], 7u);
  EXPECT_EQ(control.tier_uses[1].levels.managed_peak, 4u);
  EXPECT_EQ(control.rule_matched[0], 1u);
  EXPECT_FALSE(parse_stats("dime_stats 1\ninstance 3\ntier 99 far remote 1\n"));
}

}  // namespace
}  // namespace dime::kernel
