// SPDX-License-Identifier: GPL-2.0
// Whatever bytes a control block holds, its readers get values that they can use.
#include "core/clamp.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <random>
#include <string>

#include "core/config_string.h"
#include "core/fetch_times.h"
#include "core/jitter.h"
#include "core/link.h"
#include "core/placement.h"
#include "core/schedule.h"

namespace dime {
namespace {

std::unique_ptr<dime_control> filled(unsigned char byte) {
  auto block = std::make_unique<dime_control>();
  std::memset(block.get(), byte, sizeof *block);
  return block;
}

template <std::size_t kSize>
bool is_closed(const char (&text)[kSize]) {
  return ::strnlen(text, kSize) < kSize;
}

TEST(Clamp, CountsAndIndicesAreWithinTheirTables) {
  const auto block = filled(0xff);
  clamp::control(*block);
  EXPECT_EQ(block->placement.rule_count, unsigned{DIME_MAX_RULES});
  EXPECT_EQ(block->fetch_times.count, unsigned{DIME_MAX_FETCH_SIZES});
  EXPECT_EQ(block->schedule.count, unsigned{DIME_MAX_STEPS});
  EXPECT_EQ(block->jitter.shape, unsigned{DIME_JITTER_NONE});
  EXPECT_EQ(block->jitter.correlation, jitter::kMaxCorrelation);
  EXPECT_EQ(block->parameters.latency_ns, config::kMaxLatencyNs);
  EXPECT_EQ(block->parameters.wait, unsigned{DIME_WAIT_AUTO});
  EXPECT_EQ(block->fault_path, unsigned{DIME_FAULT_PATH_THREAD});
  EXPECT_EQ(block->mechanism, unsigned{DIME_MECHANISM_MOVE});
  for (const dime_rule& rule : block->placement.rules) {
    EXPECT_LT(rule.tier, unsigned{DIME_MAX_TIERS});
    EXPECT_TRUE(is_closed(rule.text) && is_closed(rule.name) && is_closed(rule.comm));
  }
  for (const dime_tier& tier : block->placement.tiers) {
    EXPECT_TRUE(is_closed(tier.name) && is_closed(tier.policy) && is_closed(tier.link));
  }
  for (const dime_member& member : block->members) {
    EXPECT_LE(member.state, unsigned{DIME_MEMBER_REAPED});
    EXPECT_TRUE(is_closed(member.comm));
  }
  EXPECT_TRUE(is_closed(block->parameters.link) && is_closed(block->parameters.policy));
  EXPECT_TRUE(is_closed(block->last_problem) && is_closed(block->site_tables[0]));
}

TEST(Clamp, WhatIsRightStays) {
  const auto block = filled(0);
  block->parameters.latency_ns = 5'000;
  std::string("rack0").copy(block->parameters.link, DIME_NAME_BYTES - 1);
  block->placement.rule_count = 3;
  block->placement.rules[0].tier = DIME_TIER_LOCAL;
  block->fetch_times.count = 2;
  block->jitter.shape = DIME_JITTER_TABLE;
  const auto copy = std::make_unique<dime_control>(*block);
  clamp::control(*copy);
  EXPECT_EQ(std::memcmp(block.get(), copy.get(), sizeof *copy), 0);
}

TEST(Clamp, ALinkNameIsNoPath) {
  dime_parameters parameters{};
  std::string("../../etc/x").copy(parameters.link, DIME_NAME_BYTES - 1);
  clamp::parameters(parameters);
  EXPECT_STREQ(parameters.link, "");
}

// What is read with each fault is read in place.
TEST(DamagedBlock, TheNetworkGivesTimesWithinBounds) {
  std::mt19937_64 random(4711);
  const auto block = filled(0);
  for (int round = 0; round < 2'000; ++round) {
    auto* const words = reinterpret_cast<std::uint64_t*>(&block->jitter);
    const std::size_t count =
        (sizeof(dime_jitter) + sizeof(dime_fetch_times) + sizeof(dime_schedule)) / sizeof *words;
    for (std::size_t i = 0; i < count; ++i) {
      words[i] = random() >> (random() % 64);
    }
    block->jitter.draws = random() % 4;
    block->link.rx.next_free = random();
    const Nanos now{random() >> 10};
    const link::Network network{&block->jitter, &block->fetch_times, &block->schedule};
    const link::Terms terms = link::terms_at(network, now, {{1'000}, {1'000'000'000}});
    (void)link::transfer_time(4'096, terms.bandwidth);
    const Nanos end = link::fetch(block->link.rx, now, 4'096, {{1'000}, {1'000'000'000}}, network);
    // An outage before, on the wire and behind it; times of an entry and jitter of a minute each;
    // and what the wire may be behind.
    EXPECT_LE((end - now).value, 1'000 * kNanosPerSecond) << round;
  }
}

TEST(DamagedBlock, ATableWhoseSizesDoNotAscendIsNoDivisionByZero) {
  dime_fetch_times times{};
  times.count = 3;
  times.sizes[0] = {4'096, 3'000};
  times.sizes[1] = {4'096, 5'000};
  times.sizes[2] = {100, 7'000};
  EXPECT_EQ(fetch_times::at(times, 4'096), Nanos{3'000});
  EXPECT_EQ(fetch_times::at(times, 8'192), Nanos{5'000});
  times.count = 0xffffffff;
  EXPECT_LE(fetch_times::at(times, 1 << 20).value, config::kMaxLatencyNs);
}

TEST(DamagedBlock, AWireThatClaimsToBeBusyForYearsIsFree) {
  dime_link_direction wire{};
  wire.next_free = 0x7000000000000000;
  const link::Transfer transfer = link::reserve(wire, {1'000'000}, 4'096, {32'768'000'000});
  EXPECT_EQ(transfer.queueing, Nanos{});
  EXPECT_EQ(wire.next_free, 64u * 1'001'000) << "and the next transfer finds it right";
}

TEST(DamagedBlock, RulesNameNoTierThatThereIsNot) {
  auto rules = std::make_unique<dime_placement>();
  rules->rule_count = 1;
  rules->rules[0].most_bytes = ~std::uint64_t{0};
  rules->rules[0].tier = 200;
  const placement::Mapping mapping{{0x1000, 0x3000}, DIME_KIND_ANON, "", ""};
  EXPECT_EQ(placement::piece_at(*rules, mapping, 0x1000).tier, 0u);
}

TEST(DamagedBlock, UnknownJitterHasAName) {
  EXPECT_STREQ(jitter::name_of(0xffffffff), "unknown");
}

}  // namespace
}  // namespace dime
