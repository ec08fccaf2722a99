// SPDX-License-Identifier: GPL-2.0
// What faults that are sent back tell of the time outside of the handler, and which ones are.
#include "engines/user/agent/inline/lead.h"

#include <gtest/gtest.h>

namespace dime::agent {
namespace {

constexpr PageNumber kPage{7};

TEST(RunningMedian, ForgetsAWrongFirstSampleSoon) {
  RunningMedian median;
  median.note(50'000);
  for (unsigned i = 0; i < 48; ++i) {
    median.note(3'000);
  }
  EXPECT_NEAR(static_cast<double>(median.value()), 3'000, 100);
}

TEST(RunningMedian, FarOutliersWeighNoMoreThanOthers) {
  RunningMedian median;
  for (unsigned i = 0; i < 1'000; ++i) {
    median.note(i % 4 == 0 ? 10'000'000 : 2'990 + i % 20);
  }
  EXPECT_NEAR(static_cast<double>(median.value()), 3'000, 100);
}

TEST(RecentMedian, BeginsWithTheFirstSamples) {
  RecentMedian median;
  EXPECT_EQ(median.value(), 0U);
  median.note(3'000);
  EXPECT_EQ(median.value(), 3'000U);
  EXPECT_FALSE(median.has_enough_samples());
  median.note(3'000);
  median.note(90'000);
  EXPECT_EQ(median.value(), 3'000U);
  EXPECT_TRUE(median.has_enough_samples());
}

TEST(RecentMedian, OutliersDoNotShow) {
  RecentMedian median;
  for (const std::uint64_t sample : {10U, 30U, 20U, 9'999U, 1U}) {
    median.note(sample);
  }
  EXPECT_EQ(median.value(), 20U);
}

TEST(RecentMedian, AChangeShowsAfterThreeSamples) {
  RecentMedian median;
  for (unsigned i = 0; i < 20; ++i) {
    median.note(5'000);
  }
  median.note(3'000);
  median.note(3'100);
  EXPECT_EQ(median.value(), 5'000U);
  median.note(3'200);
  EXPECT_EQ(median.value(), 3'200U);
}

Lead after(unsigned count, bool writes, Nanos way, Nanos opening) {
  Lead lead;
  for (unsigned i = 0; i < count; ++i) {
    lead.note(writes, way, opening);
  }
  return lead;
}

TEST(Lead, IsTheCalibratedOneUntilEnoughIsKnown) {
  EXPECT_EQ(after(2, true, {3'000}, {1'500}).now(true, {6'000}, {4'000}), Nanos{6'000});
  EXPECT_EQ(after(3, true, {3'000}, {1'500}).now(true, {6'000}, {4'000}), Nanos{6'750});
  EXPECT_EQ(after(3, true, {3'000}, {1'500}).now(true, {6'000}, {0}), Nanos{6'000});
}

TEST(Lead, IsWhatIsFoundWithoutACalibration) {
  EXPECT_EQ(after(2, true, {3'000}, {1'500}).now(true, {}, {}), Nanos{});
  EXPECT_EQ(after(3, true, {3'000}, {1'500}).now(true, {}, {}), Nanos{4'500});
}

TEST(Lead, ReadsAndWritesAreApart) {
  Lead lead = after(9, true, {3'600}, {1'500});
  EXPECT_EQ(lead.found(true), Nanos{5'100});
  EXPECT_EQ(lead.found(false), Nanos{});
  for (unsigned i = 0; i < 9; ++i) {
    lead.note(false, {3'000}, {1'500});
  }
  EXPECT_EQ(lead.found(true), Nanos{5'100});
  EXPECT_EQ(lead.found(false), Nanos{4'500});
  EXPECT_EQ(lead.usual(false), Nanos{4'500});
}

TEST(Lead, WhatIsUsualOutlastsAChange) {
  Lead lead = after(200, true, {3'000}, {1'500});
  for (unsigned i = 0; i < 5; ++i) {
    lead.note(true, {5'000}, {1'500});
  }
  EXPECT_EQ(lead.found(true), Nanos{6'500});
  EXPECT_LT(lead.usual(true), Nanos{5'000});
}

TEST(Bounces, WithoutAStallNoneIsSentBack) {
  Bounces bounces;
  EXPECT_FALSE(bounces.due(/*nothing_known=*/true));
  bounces.set_stall({1}, {});
  EXPECT_TRUE(bounces.due(true));
  bounces.set_stall({}, {});
  EXPECT_FALSE(bounces.due(true));
}

TEST(Bounces, AStallCountsFromTheFirstEntry) {
  Bounces bounces;
  bounces.set_stall({20'000}, {});
  bounces.send(kPage, /*entered=*/{1'000}, /*left=*/{1'100});
  Nanos entry{4'100};
  EXPECT_EQ(bounces.returned(kPage, entry), Nanos{3'000});
  EXPECT_EQ(entry, Nanos{1'000});
  // Only once.
  entry = {9'000};
  EXPECT_EQ(bounces.returned(kPage, entry), Nanos{});
  EXPECT_EQ(entry, Nanos{9'000});
}

TEST(Bounces, AnotherFaultInBetweenSpoilsIt) {
  Bounces bounces;
  bounces.set_stall({20'000}, {});
  bounces.send(kPage, {1'000}, {1'100});
  Nanos entry{2'000};
  EXPECT_EQ(bounces.returned({8}, entry), Nanos{});
  EXPECT_EQ(entry, Nanos{2'000});
  entry = {4'000};
  EXPECT_EQ(bounces.returned(kPage, entry), Nanos{});
}

TEST(Bounces, WhatComesMuchLaterIsAnotherFault) {
  Bounces bounces;
  bounces.set_stall({20'000}, {});
  bounces.send(kPage, {1'000}, {1'100});
  Nanos entry{101'100};
  EXPECT_EQ(bounces.returned(kPage, entry), Nanos{});
  EXPECT_EQ(entry, Nanos{101'100});
}

// How many of `faults` are sent back, all with this stall.
unsigned sent_of(unsigned faults, Nanos stall, bool nothing_known, Nanos floor = {}) {
  Bounces bounces;
  bounces.set_stall(stall, floor);
  unsigned sent = 0;
  for (unsigned i = 0; i < faults; ++i) {
    if (bounces.due(nothing_known)) {
      ++sent;
      bounces.send(kPage, {1}, {2});
    }
  }
  return sent;
}

TEST(Bounces, AllAsLongAsNothingIsKnownThenFew) {
  EXPECT_EQ(sent_of(100, {20'000}, true), 100U);
  EXPECT_EQ(sent_of(256 + 800, {12'000}, false), 1U + 100U);
  EXPECT_EQ(sent_of(2'560, {6'000}, false), 10U);
  // On a machine where an access takes 24 us, 40 us do not hide that one is sent back.
  EXPECT_EQ(sent_of(2'560, {40'000}, false, {24'000}), 10U);
  EXPECT_EQ(sent_of(256 + 800, {50'000}, false, {24'000}), 1U + 100U);
}

}  // namespace
}  // namespace dime::agent
