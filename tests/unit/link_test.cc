// SPDX-License-Identifier: GPL-2.0
// Single transfers to the nanosecond.
#include "core/link.h"

#include <gtest/gtest.h>

namespace dime {
namespace {

constexpr BitsPerSecond kPageIn1000ns{32'768'000'000};

TEST(TransferTime, IsRoundedUp) {
  EXPECT_EQ(link::transfer_time(4'096, {1'000'000'000}), Nanos{32'768});
  EXPECT_EQ(link::transfer_time(4'096, {10'000'000'000}), Nanos{3'277});
  EXPECT_EQ(link::transfer_time(4'096, {40'000'000'000}), Nanos{820});
  EXPECT_EQ(link::transfer_time(4'096, {100'000'000'000}), Nanos{328});
  EXPECT_EQ(link::transfer_time(4'096, {1'000}), Nanos{32'768'000'000});
}

TEST(TransferTime, OfNothingAndOfUnlimitedIsZero) {
  EXPECT_EQ(link::transfer_time(4'096, {0}), Nanos{0});
  EXPECT_EQ(link::transfer_time(0, {1'000}), Nanos{0});
}

TEST(TransferTime, OfTheLargestNumbersDoesNotWrap) {
  EXPECT_EQ(link::transfer_time(4'096, {UINT64_MAX}), Nanos{1});
  EXPECT_EQ(link::transfer_time(4'096, {1}), Nanos{32'768'000'000'000});
}

TEST(Reserve, IdleWireStartsAtOnce) {
  dime_link_direction wire{};
  const link::Transfer transfer = link::reserve(wire, {5'000}, 4'096, kPageIn1000ns);
  EXPECT_EQ(transfer.start, Nanos{5'000});
  EXPECT_EQ(transfer.end, Nanos{6'000});
  EXPECT_EQ(transfer.queueing, Nanos{0});
}

TEST(Reserve, BusyWireQueues) {
  dime_link_direction wire{};
  link::reserve(wire, {5'000}, 4'096, kPageIn1000ns);
  const link::Transfer second = link::reserve(wire, {5'300}, 4'096, kPageIn1000ns);
  EXPECT_EQ(second.start, Nanos{6'000});
  EXPECT_EQ(second.end, Nanos{7'000});
  EXPECT_EQ(second.queueing, Nanos{700});
  const link::Transfer late = link::reserve(wire, {9'000}, 4'096, kPageIn1000ns);
  EXPECT_EQ(late.start, Nanos{9'000});
}

TEST(Reserve, UnlimitedNeverWaitsAndOnlyCounts) {
  dime_link_direction wire{};
  link::reserve(wire, {5'000}, 4'096, kPageIn1000ns);
  const link::Transfer transfer = link::reserve(wire, {5'100}, 4'096, {0});
  EXPECT_EQ(transfer.end, Nanos{5'100});
  EXPECT_EQ(transfer.queueing, Nanos{0});
  EXPECT_EQ(wire.bytes, 8'192u);
  EXPECT_EQ(wire.transfers, 2u);
}

TEST(Reserve, CountsWhatItDid) {
  dime_link_direction wire{};
  link::reserve(wire, {5'000}, 4'096, kPageIn1000ns);
  link::reserve(wire, {5'300}, 4'096, kPageIn1000ns);
  EXPECT_EQ(wire.bytes, 8'192u);
  EXPECT_EQ(wire.transfers, 2u);
  EXPECT_EQ(wire.busy_ns, 2'000u);
  EXPECT_EQ(wire.queue_ns, 700u);
  EXPECT_EQ(wire.first_ns, 5'000u);
  EXPECT_EQ(wire.last_ns, 7'000u);
}

TEST(Backlog, IsTheWaitOfTheNextTransfer) {
  dime_link_direction wire{};
  EXPECT_EQ(link::backlog(wire, {5'000}), Nanos{0});
  link::reserve(wire, {5'000}, 4'096, kPageIn1000ns);
  EXPECT_EQ(link::backlog(wire, {5'400}), Nanos{600});
  EXPECT_EQ(link::backlog(wire, {8'000}), Nanos{0});
}

TEST(UnloadedStall, IsLatencyAndTransfer) {
  dime_parameters parameters{};
  parameters.latency_ns = 5'000;
  EXPECT_EQ(link::unloaded_stall(parameters), Nanos{5'000});
  parameters.bandwidth_bps = kPageIn1000ns.value;
  EXPECT_EQ(link::unloaded_stall(parameters), Nanos{6'000});
  parameters.flags = DIME_ONE_WAY;
  EXPECT_EQ(link::unloaded_stall(parameters), Nanos{11'000});
}

}  // namespace
}  // namespace dime
