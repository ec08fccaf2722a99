// SPDX-License-Identifier: GPL-2.0
// Results of tiers, rules and phases, from a control block whose numbers are known.
#include <gtest/gtest.h>

#include <memory>

#include "core/histogram.h"
#include "core/placement.h"
#include "report/json.h"
#include "report/summary.h"

namespace dime {
namespace {

class ReportTiers : public testing::Test {
 protected:
  ReportTiers() : control_(std::make_unique<dime_control>()) {
    dime_control& control = *control_;
    placement::init(control.placement);
    result_.parameters.latency_ns = 10'000;
    result_.wall_s = 2;
    control.target_ns = 10'000;
    control.created_ns = 1'000'000'000;
    control.counters.faults_first_touch = 100;
    control.counters.faults_remote = 30;
    control.counters.evictions_dirty = 50;
    for (int i = 0; i < 10; ++i) {
      histogram::add(control.stall_ns, {10'000});
    }
    for (int i = 0; i < 20; ++i) {
      histogram::add(control.stall_ns, {60'000});
    }
  }

  void add_far() {
    dime_control& control = *control_;
    ASSERT_TRUE(placement::add_tier(control.placement, "far: latency=60us,local=100p").ok());
    ASSERT_TRUE(placement::add_rule(control.placement, "heap: far").ok());
    ASSERT_TRUE(placement::add_rule(control.placement, "name=none: far").ok());
    control.rule_matched[0] = 1;
    dime_tier_use& far = control.tier_uses[1];
    far.counters.faults_first_touch = 40;
    far.counters.faults_remote = 20;
    far.counters.evictions_dirty = 45;
    far.levels.local_peak = 100;
    for (int i = 0; i < 20; ++i) {
      histogram::add(far.stall_ns, {60'000});
    }
  }

  void mark(unsigned index, const char* name, std::uint64_t at_ns, std::uint64_t remote) {
    dime_mark& mark = control_->marks[index];
    mark = {at_ns, 0, remote, 0, 0, remote * 10, 7, 1, {}};
    TextWriter(mark.name, sizeof mark.name).put(Text(name));
    control_->mark_count = index + 1;
  }

  std::unique_ptr<dime_control> control_;
  RunResult result_;
};

TEST_F(ReportTiers, WithoutTiersThereIsTheInstance) {
  read_tiers(*control_, result_);
  ASSERT_EQ(result_.tiers.size(), 1u);
  EXPECT_EQ(result_.tiers[0].name, "default");
  EXPECT_EQ(result_.tiers[0].counters.faults_remote, 30u);
  EXPECT_EQ(result_.tiers[0].stall.count, 30u);
  EXPECT_TRUE(result_.rules.empty());
  EXPECT_EQ(summarize(result_).find("tier"), std::string::npos);
}

TEST_F(ReportTiers, DefaultIsWhatTheOthersLeave) {
  add_far();
  read_tiers(*control_, result_);
  ASSERT_EQ(result_.tiers.size(), 2u);
  const TierUse& rest = result_.tiers[0];
  EXPECT_EQ(rest.counters.faults_first_touch, 60u);
  EXPECT_EQ(rest.counters.faults_remote, 10u);
  EXPECT_EQ(rest.counters.evictions_dirty, 5u);
  EXPECT_EQ(rest.stall.count, 10u);
  EXPECT_EQ(rest.stall.mean_ns, 10'000u);
  EXPECT_NEAR(static_cast<double>(rest.stall.p99_ns), 10'000, 100);
  EXPECT_NEAR(static_cast<double>(rest.stall.max_ns), 10'000, 100);
  const TierUse& far = result_.tiers[1];
  EXPECT_EQ(far.name, "far");
  EXPECT_EQ(far.stall.target_ns, 60'000u);
  EXPECT_EQ(far.stall.mean_ns, 60'000u);
  EXPECT_TRUE(far.own_limit);
}

TEST_F(ReportTiers, CountsThatAreReadApartStopAtZero) {
  add_far();
  control_->tier_uses[1].counters.faults_remote = 31;
  read_tiers(*control_, result_);
  EXPECT_EQ(result_.tiers[0].counters.faults_remote, 0u);
}

TEST_F(ReportTiers, LocalIsShownWhereItIsUsed) {
  ASSERT_TRUE(placement::add_rule(control_->placement, "stack: local").ok());
  read_tiers(*control_, result_);
  ASSERT_EQ(result_.tiers.size(), 2u);
  EXPECT_EQ(result_.tiers[1].name, "local");
  EXPECT_TRUE(result_.tiers[1].always_local);
  EXPECT_EQ(result_.tiers[1].stall.target_ns, 0u);
}

TEST_F(ReportTiers, JsonHasThemByName) {
  add_far();
  read_tiers(*control_, result_);
  const auto json = to_json(result_);
  EXPECT_EQ(json["tiers"][1]["name"], "far");
  EXPECT_EQ(json["tiers"][1]["config"]["latency_ns"], 60'000);
  EXPECT_EQ(json["tiers"][1]["config"]["local_npages"], 100);
  EXPECT_EQ(json["tiers"][1]["pages"]["local_peak"], 100);
  EXPECT_TRUE(json["tiers"][1]["link"].is_null());
  EXPECT_EQ(json["rules"][0]["matched"], true);
  EXPECT_EQ(json["rules"][1]["rule"], "name=none: far");
  EXPECT_EQ(json["rules"][1]["matched"], false);
}

TEST_F(ReportTiers, NameThePrefetcherThatHolds) {
  add_far();
  ASSERT_TRUE(placement::add_tier(control_->placement, "near: latency=1us").ok());
  ASSERT_TRUE(placement::add_tier(control_->placement, "far: prefetch=sequential:4").ok());
  TextWriter(result_.parameters.prefetch, DIME_NAME_BYTES).put("linux");
  read_tiers(*control_, result_);
  const auto json = to_json(result_);
  EXPECT_EQ(json["tiers"][0]["config"]["prefetch"], "linux");
  EXPECT_EQ(json["tiers"][1]["config"]["prefetch"], "sequential:4");
  EXPECT_EQ(json["tiers"][2]["config"]["prefetch"], "linux");
}

TEST_F(ReportTiers, RuleThatMatchedNothingIsNoted) {
  add_far();
  read_tiers(*control_, result_);
  EXPECT_NE(summarize(result_).find("the rule 'name=none: far' matched no memory"),
            std::string::npos);
  EXPECT_EQ(summarize(result_).find("'heap: far'"), std::string::npos);
}

TEST_F(ReportTiers, PhasesAreBetweenMarks) {
  mark(0, "fill", 1'500'000'000, 4);
  mark(1, "search", 2'000'000'000, 10);
  read_phases(*control_, 4'000'000'000, result_);
  ASSERT_EQ(result_.phases.size(), 3u);
  EXPECT_EQ(result_.phases[0].name, "");
  EXPECT_DOUBLE_EQ(result_.phases[0].wall_s, 0.5);
  EXPECT_EQ(result_.phases[0].remote, 4u);
  EXPECT_EQ(result_.phases[1].name, "fill");
  EXPECT_DOUBLE_EQ(result_.phases[1].start_s, 0.5);
  EXPECT_EQ(result_.phases[1].remote, 6u);
  EXPECT_EQ(result_.phases[1].stall_ns, 60u);
  EXPECT_EQ(result_.phases[2].name, "search");
  EXPECT_DOUBLE_EQ(result_.phases[2].wall_s, 2.0);
  EXPECT_EQ(result_.phases[2].remote, 20u);
  EXPECT_EQ(result_.phases[2].pid, 7u);
}

TEST_F(ReportTiers, MarksWithoutRoomAreCounted) {
  read_phases(*control_, 2'000'000'000, result_);
  EXPECT_TRUE(result_.phases.empty());
  control_->mark_count = DIME_MAX_MARKS + 3;
  read_phases(*control_, 2'000'000'000, result_);
  EXPECT_EQ(result_.marks_lost, 3u);
}

}  // namespace
}  // namespace dime
