// SPDX-License-Identifier: GPL-2.0
// Results from a control block whose numbers are known, computed by hand.
#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <string_view>

#include "core/histogram.h"
#include "report/json.h"
#include "report/summary.h"
#include "runtime_folder.h"

namespace dime {
namespace {

class ReportTest : public testing::Test {
 protected:
  ReportTest() : control_(std::make_unique<dime_control>()) {
    dime_control& control = *control_;
    control.instance_id = 3;
    control.target_ns = 10'000;
    control.calibration.floor_ns = 8'500;
    control.counters.faults_first_touch = 1'000;
    control.counters.faults_remote = 100;
    control.counters.faults_joined = 7;
    control.counters.evictions_dirty = 60;
    control.counters.evictions_clean = 40;
    control.levels.local_peak = 256;
    control.levels.managed_peak = 1'000;
    control.levels.unmanaged_peak = 50;
    // 99 stalls of 10 us, one of 100 us: mean 10.9 us.
    for (int i = 0; i < 99; ++i) {
      histogram::add(control.stall_ns, {10'000});
    }
    histogram::add(control.stall_ns, {100'000});
    // 100 transfers of 4 KiB in 2 ms, the wire busy for 0.5 ms of them.
    control.link.rx = {0, 409'600, 100, 500'000, 20'000, 1'000'000, 3'000'000, 0};
    dime_member& member = control.members[5];
    member.state = DIME_MEMBER_ENDED;
    member.pid = 42;
    member.parent_pid = 41;
    std::string_view("worker").copy(member.comm, sizeof member.comm - 1);
    member.faults_first_touch = 900;
    member.faults_remote = 80;
    member.stall_ns_sum = 1'090'000;

    result_.version = "1.2.3";
    result_.engine = "user";
    result_.fault_path = "thread";
    result_.command = {"worker", "--fast"};
    result_.wall_s = 1.5;
    result_.user_s = 1.25;
    result_.sys_s = 0.25;
    result_.parameters.latency_ns = 9'000;
    result_.parameters.bandwidth_bps = 32'768'000'000;
    result_.parameters.local_share = 2'550;
    result_.parameters.flags = DIME_WRITEBACK;
    std::string_view("fifo").copy(result_.parameters.policy, sizeof result_.parameters.policy - 1);
    read_block(control, control.link, result_);
  }

  std::unique_ptr<dime_control> control_;
  RunResult result_;
};

TEST_F(ReportTest, ReadsTheBlock) {
  EXPECT_EQ(result_.stall.count, 100u);
  EXPECT_EQ(result_.stall.mean_ns, 10'900u);
  EXPECT_NEAR(static_cast<double>(result_.stall.p50_ns), 10'000, 100);
  EXPECT_NEAR(static_cast<double>(result_.stall.p99_ns), 10'000, 100);
  EXPECT_EQ(result_.stall.max_ns, 100'000u);
  ASSERT_EQ(result_.stall.histogram.size(), 2u);
  EXPECT_EQ(result_.stall.histogram[0].second, 99u);
  EXPECT_GE(result_.stall.histogram[0].first, 10'000u);
  EXPECT_LE(result_.stall.histogram[0].first, 10'100u);
  EXPECT_EQ(result_.stall.histogram[1].second, 1u);
  EXPECT_DOUBLE_EQ(result_.rx.busy_share, 0.25);
  EXPECT_EQ(result_.rx.queue_ns_mean, 200u);
  EXPECT_DOUBLE_EQ(result_.tx.busy_share, 0.0);
  ASSERT_EQ(result_.processes.size(), 1u);
  EXPECT_EQ(result_.processes[0].comm, "worker");
}

TEST_F(ReportTest, JsonHasTheKeysOfSchemaOne) {
  const auto json = to_json(result_);
  std::vector<std::string> keys;
  for (const auto& [key, value] : json.items()) {
    keys.push_back(key);
  }
  const std::vector<std::string> documented = {
      "schema", "dime",   "machine",   "command", "exit_status", "config", "wall_s",   "user_s",
      "sys_s",  "faults", "evictions", "pages",   "stall_ns",    "link",   "processes"};
  for (const std::string& key : documented) {
    EXPECT_TRUE(json.contains(key)) << key;
  }
  EXPECT_EQ(keys.front(), "schema");
  EXPECT_EQ(json["schema"], 1);
  EXPECT_EQ(json["faults"]["total"], 1'100);
  EXPECT_EQ(json["faults"]["remote"], 100);
  EXPECT_EQ(json["evictions"]["dirty"], 60);
  EXPECT_EQ(json["evictions"]["total"], 100);
  EXPECT_EQ(json["pages"]["unmanaged_peak"], 50);
  EXPECT_EQ(json["stall_ns"]["target"], 10'000);
  EXPECT_EQ(json["stall_ns"]["floor"], 8'500);
  EXPECT_EQ(json["stall_ns"]["histogram"][0][1], 99);
  EXPECT_EQ(json["link"]["bytes_rx"], 409'600);
  EXPECT_EQ(json["link"]["busy_share"], 0.25);
  EXPECT_EQ(json["config"]["local_percent"], 25.5);
  EXPECT_TRUE(json["config"]["local_npages"].is_null());
  EXPECT_EQ(json["config"]["instance_id"], 3);
  EXPECT_EQ(json["processes"][0]["faults"], 980);
  EXPECT_EQ(json["command"], (std::vector<std::string>{"worker", "--fast"}));
}

TEST_F(ReportTest, WhatNobodyLookedAtIsNull) {
  EXPECT_TRUE(to_json(result_)["faults"]["system_call"].is_null());
  EXPECT_TRUE(to_json(result_)["processes"][0]["system_call"].is_null());
  control_->fault_path = DIME_FAULT_PATH_INLINE;
  control_->counters.faults_system_call = 9;
  control_->counters.evictions_unknown = 5;
  read_block(*control_, control_->link, result_);
  const auto json = to_json(result_);
  EXPECT_EQ(json["faults"]["system_call"], 9);
  EXPECT_EQ(json["evictions"]["total"], 105);
  EXPECT_TRUE(json["evictions"]["clean"].is_null());
  EXPECT_TRUE(json["evictions"]["dirty"].is_null());
  const std::string text = summarize(result_);
  EXPECT_NE(text.find("100 remote (9 for system calls), 1000 first touch"), text.npos) << text;
  EXPECT_NE(text.find("105, clean and dirty not told apart, 0 refused"), text.npos) << text;
  control_->counters.thread_path_members = 1;  // it cannot tell
  read_block(*control_, control_->link, result_);
  EXPECT_TRUE(to_json(result_)["faults"]["system_call"].is_null());
}

TEST_F(ReportTest, TheNetworkIsInTheConfiguration) {
  EXPECT_TRUE(to_json(result_)["config"]["jitter"].is_null());
  EXPECT_TRUE(to_json(result_)["config"]["schedule"].empty());
  control_->jitter.shape = DIME_JITTER_LOGNORMAL;
  control_->jitter.deviation_ns = 5'000;
  control_->jitter.correlation = 2'500;
  control_->jitter.seed = 7;
  control_->fetch_times = {1, 0, {{4'096, 3'000}}};
  control_->schedule.count = 2;
  control_->schedule.steps[0] = {10, 50, 60, DIME_STEP_LATENCY | DIME_STEP_DOWN, 0};
  control_->schedule.steps[1] = {20, 50, 60, DIME_STEP_BANDWIDTH | DIME_STEP_UP, 0};
  control_->schedule.outage_max_ns = 99;
  read_block(*control_, control_->link, result_);
  const auto config = to_json(result_)["config"];
  EXPECT_EQ(config["jitter"],
            nlohmann::ordered_json::parse(R"({"shape": "lognormal", "deviation_ns": 5000,
      "correlation_percent": 25.0, "seed": 7})"));
  EXPECT_EQ(config["fetch_times"], nlohmann::ordered_json::parse("[[4096, 3000]]"));
  EXPECT_EQ(config["schedule"],
            nlohmann::ordered_json::parse(R"([{"at_ns": 10, "latency_ns": 50, "link": "down"},
                                      {"at_ns": 20, "bandwidth_bps": 60, "link": "up"}])"));
  EXPECT_EQ(config["outage_max_ns"], 99);
  EXPECT_NE(summarize(result_).find("jitter lognormal 5.00 us, fetch times from a table, "
                                    "schedule of 2 steps"),
            std::string::npos);
}

TEST_F(ReportTest, SummarySaysWhatWasAskedAndWhatWasMeasured) {
  EXPECT_EQ(summarize(result_),
            "dime: asked      local 25.5%, latency 9.00 us, bandwidth 32.8 Gbit/s, policy fifo\n"
            "dime: stall      target 10.0 us: p50 10.0 us, p99 10.0 us, max 100 us, mean 10.9 us\n"
            "dime: faults     100 remote, 1000 first touch, 7 joined\n"
            "dime: evictions  60 dirty, 40 clean, 0 refused\n"
            "dime: pages      peak local 256 (1.00 MiB), peak managed 1000 (3.91 MiB), "
            "peak unmanaged 50 (200 KiB)\n"
            "dime: link       rx 400 KiB (25.0 % busy, mean wait 200 ns), "
            "tx 0 B (0.0 % busy, mean wait 0 ns)\n"
            "dime: time       wall 1.500 s, user 1.250 s, sys 0.250 s, 1 process, exit status 0\n");
}

TEST_F(ReportTest, ASoundResultHasNoWeaknesses) {
  EXPECT_TRUE(weaknesses(result_).empty());
}

TEST_F(ReportTest, WeakResultsSaySo) {
  result_.wall_s = 0.05;
  result_.shared_instance = true;
  result_.parameters.flags |= DIME_ALLOW_FLOOR;
  result_.counters.evictions_refused = 3;
  result_.counters.not_followed = 2;
  result_.last_problem = "something else";
  const std::vector<std::string> expected = {
      "short run (50 ms): start-up weighs",
      "instance 3 existed before: its counts are those of all its members",
      "the stall asked for is below the floor of 8.50 us: real stalls are longer",
      "3 evictions were refused: those pages stayed local",
      "2 programs could not be followed and ran without emulation",
      "something else"};
  EXPECT_EQ(weaknesses(result_), expected);
}

TEST_F(ReportTest, AMedianOffItsTargetIsAWeakness) {
  result_.rx.queue_ns_mean = 0;
  result_.stall.p50_ns = 12'000;
  EXPECT_EQ(weaknesses(result_),
            std::vector<std::string>{"the median stall is 20 % above its target"});
}

TEST_F(ReportTest, FilesAppearWhole) {
  const test::RuntimeFolder folder;
  const std::string path = folder.path() + "/result.json";
  ASSERT_TRUE(write_json(path, to_json(result_)));
  EXPECT_EQ(folder.files(), 1u);
  std::ifstream file(path);
  EXPECT_EQ(nlohmann::json::parse(file)["exit_status"], 0);
  EXPECT_FALSE(write_json(folder.path() + "/none/result.json", to_json(result_)));
}

TEST_F(ReportTest, BytesThatAreNoTextAreReplaced) {
  const test::RuntimeFolder folder;
  result_.command = {"\xff\xfe"};
  EXPECT_TRUE(write_json(folder.path() + "/result.json", to_json(result_)));
}

}  // namespace
}  // namespace dime
