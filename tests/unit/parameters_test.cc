// SPDX-License-Identifier: GPL-2.0
#include "core/parameters.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>

#include "core/config_string.h"
#include "core/link.h"

namespace dime::config {
namespace {

std::string written(const Plan& plan) {
  char buffer[4'096];
  TextWriter out(buffer, sizeof buffer);
  write(out, plan);
  return buffer;
}

/// A plan that has every key of one value, with another value than the default.
std::unique_ptr<Plan> everything() {
  auto plan = std::make_unique<Plan>();
  const Error error = parse(
      "instance_id=7 latency_ns=1 bandwidth_bps=0 local_npages=3 policy=random prefetch=linux "
      "link=wire "
      "one_way=1 "
      "charge_first_touch=1 writeback=0 follow_children=0 scope=all wait=sleep "
      "jitter=table:0:120:5000,corr=12.5% seed=9 fetch_times=4096:2900,16384:5700 "
      "schedule=1500ms:latency=7ns,bandwidth=1.5Mbit/s;2s:down;3s:up outage_max_ns=5 "
      "writeback_depth=0 write_bandwidth_bps=0 below_floor=1 keep=0 page_fault_count=0 pid=+5,6",
      *plan);
  EXPECT_TRUE(error.ok());
  return plan;
}

TEST(Parameters, HaveNamesOfTheirOwnAndDefaultsInTheirBounds) {
  std::set<std::string> names;
  std::set<std::string> options;
  for (const Parameter& row : kParameters) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_TRUE(row.option == nullptr || options.insert(row.option).second) << row.option;
    EXPECT_EQ(row.option == nullptr, row.help == nullptr) << row.name;
    EXPECT_LE(row.initial, row.most) << row.name;
  }
}

TEST(Parameters, DefaultsAreTheDocumentedOnes) {
  const dime_parameters parameters = default_parameters();
  EXPECT_EQ(parameters.latency_ns, 5'000u);
  EXPECT_EQ(parameters.bandwidth_bps, 40'000'000'000u);
  EXPECT_EQ(parameters.local_npages, 0u);
  EXPECT_EQ(parameters.local_share, 5'000u);
  EXPECT_EQ(parameters.flags, DIME_WRITEBACK | DIME_FOLLOW_CHILDREN);
  EXPECT_EQ(parameters.writeback_depth, 64u);
  EXPECT_STREQ(parameters.policy, "fifo");
  EXPECT_STREQ(parameters.prefetch, "none");
  EXPECT_STREQ(parameters.link, "");
  const auto control = std::make_unique<dime_control>();
  init(*control);
  EXPECT_EQ(control->parameters.latency_ns, 5'000u);
  EXPECT_EQ(control->jitter.seed, 1u);
  EXPECT_EQ(control->schedule.outage_max_ns, 10 * kNanosPerSecond);
  EXPECT_EQ(control->keep, 1u);
}

TEST(Parameters, AWrittenPlanIsReadAsTheSame) {
  const auto plan = everything();
  const auto again = std::make_unique<Plan>();
  const std::string text = written(*plan);
  ASSERT_TRUE(parse(text, *again).ok()) << text;
  EXPECT_EQ(again->given, plan->given);
  EXPECT_EQ(written(*again), text);
  EXPECT_EQ(again->schedule.steps[0].bandwidth_bps, 1'500'000u);
  EXPECT_EQ(again->fetch_times.sizes[1].ns, 5'700u);
  EXPECT_EQ(again->jitter.correlation, 1'250u);
}

TEST(Parameters, OnlyWhatWasGivenIsApplied) {
  for (const Parameter& row : kParameters) {
    if (!row.field.of_parameters) {
      continue;
    }
    auto plan = everything();
    if (row.key == Key::kLocalShare) {
      set_number(row, *plan, 77);
    }
    plan->given = bit_of(row.key);
    dime_parameters parameters = default_parameters();
    EXPECT_EQ(first_difference(*plan, parameters), &row) << row.name;
    apply(*plan, parameters);
    EXPECT_EQ(first_difference(*plan, parameters), nullptr) << row.name;
    unsigned changed = 0;
    const dime_parameters before = default_parameters();
    for (const Parameter& other : kParameters) {
      if (!other.field.of_parameters) {
        continue;
      }
      const bool same = is_name(other)
                            ? Text(name_in(other, parameters)) == Text(name_in(other, before))
                            : number_of(other, parameters) == number_of(other, before);
      changed += same ? 0 : 1;
    }
    // A number of pages stands for the share.
    EXPECT_EQ(changed, row.key == Key::kLocalNpages ? 2u : 1u) << row.name;
  }
}

TEST(Parameters, AWriteBandwidthIsThatOfTheOtherDirectionUnlessGiven) {
  const auto shown = [](const char* text) {
    Plan plan;
    EXPECT_TRUE(parse(text, plan).ok()) << text;
    EXPECT_EQ(written(plan), text);
    return shown_number(row_of(Key::kWriteBandwidthBps), plan.parameters);
  };
  EXPECT_EQ(shown("instance_id=0 bandwidth_bps=7000"), 7'000u);
  EXPECT_EQ(shown("instance_id=0 bandwidth_bps=7000 write_bandwidth_bps=-"), 7'000u);
  EXPECT_EQ(shown("instance_id=0 bandwidth_bps=7000 write_bandwidth_bps=5000"), 5'000u);
  EXPECT_EQ(shown("instance_id=0 bandwidth_bps=7000 write_bandwidth_bps=0"), 0u);
}

TEST(Parameters, ApplyChangesTheWholeInstance) {
  const auto control = std::make_unique<dime_control>();
  init(*control);
  control->counters.page_fault_count = 5;
  const auto plan = everything();
  apply(*plan, *control, Nanos{1'000});
  EXPECT_EQ(first_difference(plan_for(plan->parameters), control->parameters), nullptr);
  EXPECT_EQ(control->jitter.shape, std::uint32_t{DIME_JITTER_TABLE});
  EXPECT_EQ(control->jitter.seed, 9u);
  EXPECT_EQ(control->fetch_times.count, 2u);
  EXPECT_EQ(control->schedule.count, 3u);
  EXPECT_EQ(control->schedule.start_ns, 1'000u);
  EXPECT_EQ(control->schedule.outage_max_ns, 5u);
  EXPECT_EQ(control->keep, 0u);
  EXPECT_EQ(control->counters.page_fault_count, 0u);
  EXPECT_EQ(control->target_ns,
            link::unloaded_stall(control->parameters, &control->fetch_times).value);
}

}  // namespace
}  // namespace dime::config
