// SPDX-License-Identifier: GPL-2.0
// Tiers and rules as text, and what they say of mappings.
#include "core/placement.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace dime::placement {
namespace {

class Placement : public testing::Test {
 protected:
  Placement() { init(*table_); }

  /// "" where the text was accepted, else the part that was refused.
  std::string tier(const char* text) { return part_of(add_tier(*table_, text)); }
  std::string rule(const char* text) { return part_of(add_rule(*table_, text)); }
  static std::string part_of(const Refusal& refusal) {
    EXPECT_TRUE(refusal.ok() || !refusal.part.empty());
    return refusal.ok() ? "" : std::string(refusal.part.data, refusal.part.size);
  }

  /// The name of the tier of a mapping's first address.
  std::string where(dime_kind kind, const char* name = "", std::uint64_t bytes = 1 << 20,
                    const char* comm = "sort") {
    const Mapping mapping{{kBase, kBase + bytes}, kind, name, comm};
    return table_->tiers[piece_at(*table_, mapping, kBase).tier].name;
  }

  static constexpr std::uint64_t kBase = 0x7f0000000000;
  std::unique_ptr<dime_placement> table_ = std::make_unique<dime_placement>();
};

TEST_F(Placement, IsNotInUseAtFirst) {
  EXPECT_FALSE(in_use(*table_));
  EXPECT_EQ(where(DIME_KIND_HEAP), "default");
}

TEST_F(Placement, TierKeepsWhatItIsGiven) {
  ASSERT_EQ(tier("far: latency=20us,bandwidth=10Gbit/s, local=64MiB ,policy=random,link=rack"), "");
  const dime_tier& far = table_->tiers[find_tier(*table_, "far")];
  EXPECT_EQ(far.latency_ns, 20'000u);
  EXPECT_EQ(far.bandwidth_bps, 10'000'000'000u);
  EXPECT_EQ(far.local_npages, 16'384u);
  EXPECT_EQ(far.local_share, 0u);
  EXPECT_STREQ(far.policy, "random");
  EXPECT_STREQ(far.link, "rack");
  EXPECT_EQ(far.own, 31u);
  ASSERT_EQ(tier("far: prefetch=linux:page-cluster=4"), "");
  EXPECT_STREQ(far.prefetch, "linux:page-cluster=4");
  EXPECT_EQ(far.own, 31u | DIME_OWN_PREFETCH);
  EXPECT_TRUE(in_use(*table_));
  ASSERT_EQ(tier("far: latency=30us"), "");
  EXPECT_EQ(far.latency_ns, 30'000u);
  EXPECT_EQ(far.bandwidth_bps, 10'000'000'000u);
}

TEST_F(Placement, RefusedTierChangesNothing) {
  ASSERT_EQ(tier("far: latency=20us"), "");
  const dime_placement before = *table_;
  EXPECT_EQ(tier("far"), "far");
  EXPECT_EQ(tier("far: latency=2"), "latency=2");
  EXPECT_EQ(tier("far: latency="), "latency=");
  EXPECT_EQ(tier("far: latency=30us,latency=40us"), "latency=40us");
  EXPECT_EQ(tier("far: bandwidth=10Gbit/s,colour=red"), "colour=red");
  EXPECT_EQ(tier("far: bandwidth=10Gbit/s,,local=1p"), "bandwidth=10Gbit/s,,local=1p");
  EXPECT_EQ(tier("far: policy=fifo"), "policy=fifo");
  EXPECT_EQ(tier("far: local=5p,link=a/b"), "link=a/b");
  EXPECT_EQ(tier("far: prefetch="), "prefetch=");
  EXPECT_EQ(tier("far: prefetch=./mine.so"), "prefetch=./mine.so");
  EXPECT_EQ(tier("-far: latency=1us"), "-far");
  EXPECT_EQ(tier("local: latency=1us"), "local");
  EXPECT_EQ(tier("default: latency=1us"), "default");
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(table_.get()), sizeof *table_),
            std::string(reinterpret_cast<const char*>(&before), sizeof before));
}

TEST_F(Placement, HasSixTiersOfOnesOwn) {
  for (const char* text :
       {"a: local=1p", "b: local=1p", "c: local=1p", "d: local=1p", "e: local=1p", "f: local=1p"}) {
    ASSERT_EQ(tier(text), "");
  }
  EXPECT_EQ(tier("g: local=1p"), "g");
  EXPECT_EQ(rule("heap: latency=5us"), "heap");
  EXPECT_EQ(rule("heap: f"), "");
  EXPECT_TRUE(has_own_set(*table_, 6));
  EXPECT_TRUE(has_own_set(*table_, DIME_TIER_LOCAL));
  EXPECT_FALSE(has_own_set(*table_, 0));
}

TEST_F(Placement, RulesAskForTheKind) {
  ASSERT_EQ(tier("far: latency=20us"), "");
  ASSERT_EQ(rule("heap bss: far"), "");
  EXPECT_EQ(where(DIME_KIND_HEAP), "far");
  EXPECT_EQ(where(DIME_KIND_BSS), "far");
  EXPECT_EQ(where(DIME_KIND_STACK), "default");
  EXPECT_EQ(where(DIME_KIND_ANON), "default");
}

TEST_F(Placement, FirstMatchWins) {
  ASSERT_EQ(rule("stack: local"), "");
  ASSERT_EQ(rule("name=table-*: default"), "");
  ASSERT_EQ(rule("all: latency=9us"), "");
  EXPECT_EQ(where(DIME_KIND_STACK), "local");
  EXPECT_EQ(where(DIME_KIND_ANON, "table-7"), "default");
  EXPECT_EQ(where(DIME_KIND_ANON, "other"), "all");
}

TEST_F(Placement, RulesAskForSizeAndProcess) {
  ASSERT_EQ(tier("far: latency=20us"), "");
  ASSERT_EQ(rule("anon size>=1MiB size<2MiB comm=redis-server: far"), "");
  EXPECT_EQ(where(DIME_KIND_ANON, "", 1 << 20, "redis-server"), "far");
  EXPECT_EQ(where(DIME_KIND_ANON, "", (1 << 20) - 4096, "redis-server"), "default");
  EXPECT_EQ(where(DIME_KIND_ANON, "", 2 << 20, "redis-server"), "default");
  EXPECT_EQ(where(DIME_KIND_ANON, "", 1 << 20, "redis"), "default");
}

TEST_F(Placement, RulesMakeTiersNamedAfterWhatTheyAreFor) {
  ASSERT_EQ(rule("heap: latency=2us,bandwidth=100Gbit/s"), "");
  ASSERT_EQ(rule("name=table: latency=6us"), "");
  ASSERT_EQ(rule("anon size>=1GiB: latency=7us"), "");
  EXPECT_EQ(where(DIME_KIND_HEAP), "heap");
  EXPECT_EQ(where(DIME_KIND_ANON, "table"), "table");
  EXPECT_EQ(where(DIME_KIND_ANON, "", 1 << 30), "tier1");
}

TEST_F(Placement, NamesMayHoldColons) {
  ASSERT_EQ(rule("name=glibc:*malloc*: local"), "");
  EXPECT_EQ(where(DIME_KIND_ANON, "glibc: malloc arena"), "local");
}

TEST_F(Placement, TermsMayHoldColons) {
  ASSERT_EQ(rule("heap: prefetch=sequential:4"), "");
  ASSERT_EQ(rule("name=a:b:local=5p,policy=2q:in=20%:out=60%,latency=2us"), "");
  ASSERT_EQ(rule("stack:prefetch=linux:page-cluster=4,latency=2us"), "");
  EXPECT_STREQ(table_->tiers[find_tier(*table_, "heap")].prefetch, "sequential:4");
  EXPECT_STREQ(table_->tiers[find_tier(*table_, where(DIME_KIND_ANON, "a:b"))].policy,
               "2q:in=20%:out=60%");
  EXPECT_STREQ(table_->tiers[find_tier(*table_, "stack")].prefetch, "linux:page-cluster=4");
  EXPECT_EQ(rule("bss: prefetch=a/b:4"), "prefetch=a/b:4");
  EXPECT_EQ(rule("prefetch=linux:4"), "prefetch=linux:4");
}

TEST_F(Placement, AddressesCutAMappingIntoPieces) {
  ASSERT_EQ(tier("far: latency=20us"), "");
  ASSERT_EQ(rule("range=0x7f0000002000-0x7f0000004000: far"), "");
  ASSERT_EQ(rule("range=0x7f0000006000-0x7f0000008000: local"), "");
  ASSERT_EQ(rule("heap: far"), "");
  const Mapping mapping{{kBase, kBase + 0x10000}, DIME_KIND_ANON, "", "sort"};
  std::string seen;
  for (std::uint64_t at = mapping.range.begin; at < mapping.range.end;) {
    const Piece piece = piece_at(*table_, mapping, at);
    ASSERT_GT(piece.end, at);
    seen += std::string(table_->tiers[piece.tier].name) + "<" +
            std::to_string((piece.end - kBase) >> 12) + " ";
    at = piece.end;
  }
  EXPECT_EQ(seen, "default<2 far<4 default<6 local<8 default<16 ");
}

TEST_F(Placement, RefusedRulesChangeNothing) {
  ASSERT_EQ(rule("range=0x2000-0x4000 comm=a: local"), "");
  ASSERT_EQ(rule("range=0x3000-0x5000 comm=b: local"), "");
  const dime_placement before = *table_;
  EXPECT_EQ(rule("heap"), "heap");
  EXPECT_EQ(rule(": local"), ": local");
  EXPECT_EQ(rule("heap: "), "heap:");
  EXPECT_EQ(rule("heap: nowhere"), "nowhere");
  EXPECT_EQ(rule("heap: latency=2"), "latency=2");
  EXPECT_EQ(rule("hep: local"), "hep");
  EXPECT_EQ(rule("size>=4: local"), "size>=4");
  EXPECT_EQ(rule("size>=4MiB size<4MiB: local"), "size>=4MiB size<4MiB");
  EXPECT_EQ(rule("range=0x1-0x4000: local"), "range=0x1-0x4000");
  EXPECT_EQ(rule("range=0x4000-0x4000: local"), "range=0x4000-0x4000");
  EXPECT_EQ(rule("range=4000-5000: local"), "range=4000-5000");
  EXPECT_EQ(rule("name=: local"), "name=");
  EXPECT_EQ(rule("name=a name=b: local"), "name=b");
  EXPECT_EQ(rule("comm=longer-than-15-characters: local"), "comm=longer-than-15-characters");
  EXPECT_EQ(rule("range=0x4000-0x6000: local"), "range=0x4000-0x6000");
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(table_.get()), sizeof *table_),
            std::string(reinterpret_cast<const char*>(&before), sizeof before));
}

TEST_F(Placement, HasRoomFor32Rules) {
  for (unsigned i = 0; i < DIME_MAX_RULES; ++i) {
    ASSERT_EQ(rule("heap: local"), "");
  }
  EXPECT_EQ(rule("heap: local"), "heap: local");
}

TEST(Pattern, KnowsStarAndQuestionMark) {
  EXPECT_TRUE(matches("", ""));
  EXPECT_FALSE(matches("", "a"));
  EXPECT_TRUE(matches("*", ""));
  EXPECT_TRUE(matches("a*b*c", "aXbYbZc"));
  EXPECT_FALSE(matches("a*b*c", "aXbYbZ"));
  EXPECT_TRUE(matches("?b", "ab"));
  EXPECT_FALSE(matches("?b", "b"));
  EXPECT_TRUE(matches("/lib/*.so*", "/lib/x86/libc.so.6"));
  EXPECT_FALSE(matches("lib", "libc"));
}

}  // namespace
}  // namespace dime::placement
