// SPDX-License-Identifier: GPL-2.0
// What a fault costs and how pages change state.
#include "core/instance.h"

#include <gtest/gtest.h>

#include "tests/unit/model.h"

namespace dime::test {
namespace {

class OriginalOracle : public testing::TestWithParam<std::uint64_t> {};

// The original's test program: 2,000 pages in order with 1,000 local, then the last x again. What
// it found within the noise of libc holds exactly here.
TEST_P(OriginalOracle, CountsFaults) {
  const std::uint64_t x = GetParam();
  Block block(1'000);
  Engine engine(block);
  for (std::uint64_t page = 0; page < 2'000; ++page) {
    engine.touch(page);
  }
  for (std::uint64_t page = 2'000 - x; page < 2'000; ++page) {
    engine.touch(page);
  }
  EXPECT_EQ(block.counters.page_fault_count, x <= 1'000 ? 2'000 : 2'000 + x);
  EXPECT_EQ(block.counters.faults_first_touch, 2'000u);
  EXPECT_EQ(block.counters.faults_remote, x <= 1'000 ? 0 : x);
  EXPECT_EQ(block.levels.local_pages, 1'000u);
  EXPECT_EQ(block.levels.local_peak, 1'000u);
  EXPECT_EQ(block.levels.managed_pages, 2'000u);
  EXPECT_EQ(engine.open_pages(), 1'000u);
}

INSTANTIATE_TEST_SUITE_P(LastPages, OriginalOracle,
                         testing::Values(0, 1, 500, 999, 1'000, 1'001, 1'002, 1'500, 1'999, 2'000));

TEST(Instance, TwoPagesWithOneLocalFaultEveryTime) {
  Block block(1);
  Engine engine(block);
  for (unsigned i = 0; i < 1'000; ++i) {
    EXPECT_NE(engine.touch(i % 2), FaultKind::kPresent);
  }
  EXPECT_EQ(block.counters.page_fault_count, 1'000u);
  EXPECT_EQ(block.counters.faults_remote, 998u);
  EXPECT_EQ(block.levels.local_pages, 1u);
}

TEST(Instance, FirstTouchIsCountedAndNotDelayed) {
  Block block(10);
  block.parameters.latency_ns = 5'000;
  block.parameters.bandwidth_bps = 1'000'000'000;
  Engine engine(block);
  const Fault fault = engine.instance().begin(engine.table().obtain({7}), Nanos{100});
  EXPECT_EQ(fault.kind, FaultKind::kFirstTouch);
  EXPECT_EQ(fault.ready, Nanos{100});
  EXPECT_EQ(block.link.rx.transfers, 0u);
}

TEST(Instance, ChargedFirstTouchIsDelayedAndRecorded) {
  Block block(10);
  block.parameters.latency_ns = 5'000;
  block.parameters.flags |= DIME_CHARGE_FIRST_TOUCH;
  Engine engine(block);
  EXPECT_EQ(engine.touch(7), FaultKind::kFirstTouch);
  EXPECT_EQ(block.stalls.count, 1u);
  EXPECT_EQ(block.stalls.max, 5'000u);
  EXPECT_EQ(block.link.rx.bytes, kPageBytes);
}

TEST(Instance, RemoteAccessCostsLatencyAndTransfer) {
  Block block(1);
  block.parameters.latency_ns = 5'000;
  block.parameters.bandwidth_bps = 32'768'000'000;  // a page takes 1,000 ns
  Engine engine(block);
  engine.touch(0);
  engine.touch(1);
  const Fault fault = engine.instance().begin(engine.table().find({0}), engine.now);
  EXPECT_EQ(fault.kind, FaultKind::kRemote);
  EXPECT_EQ(fault.ready, engine.now + Nanos{6'000});
}

TEST(Instance, OneWayLatencyIsChargedTwice) {
  Block block(1);
  block.parameters.latency_ns = 5'000;
  block.parameters.flags |= DIME_ONE_WAY;
  Engine engine(block);
  engine.touch(0);
  engine.touch(1);
  EXPECT_EQ(engine.instance().begin(engine.table().find({0}), engine.now).ready,
            engine.now + Nanos{10'000});
}

TEST(Instance, SecondFetchQueuesBehindTheFirst) {
  Block block(2);
  block.parameters.latency_ns = 5'000;
  block.parameters.bandwidth_bps = 32'768'000'000;
  Engine engine(block);
  for (std::uint64_t page = 0; page < 4; ++page) {
    engine.touch(page);
  }
  Instance& instance = engine.instance();
  EXPECT_EQ(instance.begin(engine.table().find({0}), engine.now).ready, engine.now + Nanos{6'000});
  EXPECT_EQ(instance.begin(engine.table().find({1}), engine.now).ready, engine.now + Nanos{7'000});
}

TEST(Instance, TouchOfAPageInFlightJoinsAndIsNotCharged) {
  Block block(1);
  block.parameters.latency_ns = 5'000;
  block.parameters.bandwidth_bps = 32'768'000'000;
  Engine engine(block);
  engine.touch(0);
  engine.touch(1);
  const PageId page = engine.table().find({0});
  Instance& instance = engine.instance();
  const Fault fetch = instance.begin(page, engine.now);
  EXPECT_EQ(instance.begin(page, engine.now).kind, FaultKind::kJoined);
  EXPECT_EQ(instance.begin(page, engine.now + Nanos{500}).kind, FaultKind::kJoined);
  ASSERT_TRUE(instance.make_room(page, engine.now, engine.closer()).made);
  instance.finish(page, fetch, Nanos{6'000});
  EXPECT_EQ(instance.begin(page, engine.now).kind, FaultKind::kPresent);
  EXPECT_EQ(block.counters.faults_joined, 2u);
  EXPECT_EQ(block.counters.faults_remote, 1u);
  EXPECT_EQ(block.counters.page_fault_count, 3u);
  EXPECT_EQ(block.link.rx.transfers, 1u);
  EXPECT_EQ(block.stalls.count, 1u);
}

TEST(Instance, AbandonedFaultsLeaveNothingBehind) {
  Block block(1);
  Engine engine(block);
  Instance& instance = engine.instance();
  const PageId fresh = engine.table().obtain({0});
  instance.abandon(fresh, instance.begin(fresh, engine.now));
  EXPECT_EQ(engine.state(0), PageState::kUntouched);
  EXPECT_EQ(block.levels.managed_pages, 0u);

  engine.touch(0);
  engine.touch(1);
  instance.abandon(fresh, instance.begin(fresh, engine.now));
  EXPECT_EQ(engine.state(0), PageState::kRemote);
  EXPECT_EQ(block.counters.faults_first_touch, 2u);
  EXPECT_EQ(block.counters.faults_remote, 0u);
  EXPECT_EQ(block.counters.page_fault_count, 2u);
  EXPECT_EQ(block.levels.local_pages, 1u);
}

TEST(Instance, ResettingTheFaultCountDuringAFetchDoesNotWrapIt) {
  Block block(1);
  Engine engine(block);
  const PageId page = engine.table().obtain({0});
  const Fault fault = engine.instance().begin(page, engine.now);
  block.counters.page_fault_count = 0;
  engine.instance().abandon(page, fault);
  EXPECT_EQ(block.counters.page_fault_count, 0u);
}

TEST(Instance, CancelledRoomIsFreeAgain) {
  Block block(1);
  Engine engine(block);
  const PageId page = engine.table().obtain({0});
  const Fault fault = engine.instance().begin(page, engine.now);
  ASSERT_TRUE(engine.instance().make_room(page, engine.now, engine.closer()).made);
  EXPECT_EQ(block.levels.local_pages, 1u);
  engine.instance().cancel_room(page);
  engine.instance().abandon(page, fault);
  EXPECT_EQ(block.levels.local_pages, 0u);
}

TEST(Instance, UnmappingFreesEveryKindOfPage) {
  Block block(2);
  Engine engine(block);
  for (std::uint64_t page = 0; page < 4; ++page) {
    engine.touch(page);
  }
  engine.unmap(0);  // remote
  EXPECT_EQ(block.levels.managed_pages, 3u);
  EXPECT_EQ(block.levels.local_pages, 2u);
  engine.unmap(3);  // local
  EXPECT_EQ(block.levels.managed_pages, 2u);
  EXPECT_EQ(block.levels.local_pages, 1u);
  engine.unmap(3);  // untouched: nothing
  EXPECT_EQ(block.levels.managed_pages, 2u);
  // The room is there for the next page without an eviction, and the page is new again.
  EXPECT_EQ(engine.touch(3), FaultKind::kFirstTouch);
  EXPECT_EQ(block.counters.evictions_dirty, 2u);
  EXPECT_EQ(engine.state(2), PageState::kLocal);
}

TEST(Instance, UnmappingAPageInFlightGivesItsRoomBack) {
  Block block(1);
  Engine engine(block);
  const PageId page = engine.table().obtain({0});
  engine.instance().begin(page, engine.now);
  ASSERT_TRUE(engine.instance().make_room(page, engine.now, engine.closer()).made);
  engine.instance().forget(page);
  engine.instance().cancel_room(page);
  EXPECT_EQ(block.levels.local_pages, 0u);
  EXPECT_EQ(block.levels.managed_pages, 0u);
}

TEST(Instance, AdoptedPagesAreLocalOnce) {
  Block block(10);
  Engine engine(block);
  const PageId page = engine.table().obtain({5});
  EXPECT_TRUE(engine.instance().adopt(page));
  EXPECT_FALSE(engine.instance().adopt(page));
  EXPECT_EQ(block.levels.local_pages, 1u);
  EXPECT_EQ(block.levels.managed_pages, 1u);
  EXPECT_EQ(block.counters.page_fault_count, 0u);
}

TEST(Instance, PagesAdoptedAsRemoteTakeNoRoom) {
  Block block(10);
  Engine engine(block);
  engine.instance().adopt_remote(engine.table().obtain({5}));
  EXPECT_EQ(engine.state(5), PageState::kRemote);
  EXPECT_EQ(block.levels.local_pages, 0u);
  EXPECT_EQ(block.levels.managed_pages, 1u);
  EXPECT_EQ(block.counters.evictions_dirty + block.counters.evictions_clean, 0u);
  EXPECT_EQ(engine.touch(5), FaultKind::kRemote);
}

TEST(Instance, RoomsInFlightAreCounted) {
  Block block(2);
  Engine engine(block);
  engine.touch(0);
  EXPECT_EQ(engine.instance().counted_pages(), 1u);
  EXPECT_FALSE(engine.instance().full());
  const PageId page = engine.table().obtain({1});
  const Fault fault = engine.instance().begin(page, engine.now);
  ASSERT_TRUE(engine.instance().make_room(page, engine.now, engine.closer()).made);
  EXPECT_EQ(engine.instance().counted_pages(), 2u);
  EXPECT_EQ(engine.instance().local_pages(), 1u);
  EXPECT_TRUE(engine.instance().full());
  EXPECT_TRUE(engine.instance().fetching_for(page));
  engine.instance().finish(page, fault, {});
  EXPECT_FALSE(engine.instance().fetching_for(page));
  EXPECT_EQ(engine.instance().counted_pages(), 2u);
  EXPECT_EQ(engine.instance().local_pages(), 2u);
}

TEST(Instance, RenamedPagesKeepStateSlotAndRoom) {
  Block block(1);
  Engine engine(block);
  engine.touch(0);
  engine.touch(1);
  PageRecord& record = engine.instance().pool().record(engine.table().find({0}));
  record.slot = 77;
  engine.instance().relocate(engine.table().find({0}), engine.table().obtain({600}));
  engine.instance().relocate(engine.table().find({1}), engine.table().obtain({601}));
  EXPECT_EQ(engine.state(0), PageState::kUntouched);
  EXPECT_EQ(engine.state(600), PageState::kRemote);
  EXPECT_EQ(engine.instance().pool().record(engine.table().find({600})).slot, 77u);
  EXPECT_EQ(engine.state(601), PageState::kLocal);
  EXPECT_EQ(block.levels.local_pages, 1u);
  EXPECT_EQ(block.levels.managed_pages, 2u);
  EXPECT_EQ(engine.instance().local_pages(), 1u);
  EXPECT_EQ(engine.instance().next_victim(), engine.table().find({601}));
}

TEST(Instance, BringingHomeEmptiesTheRemoteSide) {
  Block block(2);
  Engine engine(block);
  for (std::uint64_t page = 0; page < 5; ++page) {
    engine.touch(page);
  }
  engine.table().for_each({0, 5 * kPageBytes}, [&](PageId id) {
    if (engine.instance().pool().record(id).state == PageState::kRemote) {
      engine.instance().bring_home(id);
    }
  });
  EXPECT_EQ(block.levels.local_pages, 5u);
  EXPECT_EQ(block.levels.managed_pages, 5u);
}

TEST(Instance, EndTakesItsShareOfTheLevels) {
  Block block(3);
  Engine survivor(block);
  survivor.touch(0);
  {
    Engine engine(block);
    engine.touch(0);
    engine.touch(1);
    engine.instance().borrow(1);
    const PageId page = engine.table().obtain({2});
    engine.instance().begin(page, engine.now);
    ASSERT_TRUE(engine.instance().make_room(page, engine.now, engine.closer()).made);
    EXPECT_EQ(block.levels.local_pages, 4u);
  }
  EXPECT_EQ(block.levels.local_pages, 1u);
  EXPECT_EQ(block.levels.managed_pages, 1u);
  EXPECT_EQ(block.levels.inherited_pages, 0u);
}

TEST(Instance, WritebackStallsTheEvictorOnlyBehindTheDepth) {
  Block block(1);
  block.parameters.bandwidth_bps = 32'768'000'000;  // a page takes 1,000 ns
  block.parameters.writeback_depth = 2;
  Engine engine(block);
  engine.touch(0);
  Nanos stalls[3];
  for (std::uint64_t i = 0; i < 3; ++i) {
    const PageId page = engine.table().obtain({i + 1});
    const Fault fault = engine.instance().begin(page, engine.now);
    const Room room = engine.instance().make_room(page, engine.now, engine.closer());
    stalls[i] = room.writeback_end;
    engine.instance().finish(page, fault, {});
  }
  EXPECT_EQ(stalls[0], Nanos{0});
  EXPECT_EQ(stalls[1], Nanos{0});
  EXPECT_EQ(stalls[2], engine.now + Nanos{1'000});
  EXPECT_EQ(block.link.tx.bytes, 3 * kPageBytes);
}

TEST(Instance, PagesOfOneRequestPayTheLatencyOnce) {
  Block block(4);
  block.parameters.latency_ns = 10'000;
  block.parameters.bandwidth_bps = 32'768'000'000;  // a page takes 1,000 ns
  Engine engine(block);
  for (std::uint64_t page = 0; page < 8; ++page) {
    engine.touch(page);  // 0 to 3 become remote
  }
  engine.now = engine.now + Nanos{1'000'000};
  PageId ids[3];
  for (std::uint64_t i = 0; i < 3; ++i) {
    ids[i] = engine.table().obtain({i});
  }
  Instance& instance = engine.instance();
  const Fault fault = instance.begin_together(ids, 3, engine.now);
  EXPECT_EQ(fault.kind, FaultKind::kRemote);
  EXPECT_EQ(fault.ready, engine.now + Nanos{13'000});
  EXPECT_EQ(block.link.rx.transfers, 1u);
  EXPECT_EQ(block.link.rx.bytes, 3 * kPageBytes);
  EXPECT_EQ(instance.begin(ids[2], engine.now).kind, FaultKind::kJoined);
  for (unsigned i = 0; i < 3; ++i) {
    ASSERT_TRUE(instance.make_room(ids[i], engine.now, engine.closer()).made);
    Fault own = fault;
    own.stall_is_anothers = i != 2;
    instance.finish(ids[i], own, {13'000});
  }
  EXPECT_EQ(block.counters.faults_remote, 3u);
  EXPECT_EQ(block.stalls.count, 1u);
  EXPECT_EQ(block.stalls.sum, 13'000u);
  EXPECT_EQ(block.levels.local_pages, 4u);
}

TEST(Instance, AFullWritebackQueueIsNothingToWhoEvictsACleanPage) {
  Block block(1);
  block.parameters.bandwidth_bps = 32'768'000'000;
  block.parameters.writeback_depth = 1;
  Engine engine(block);
  for (std::uint64_t page = 0; page < 4; ++page) {
    engine.touch(page);
  }
  ASSERT_EQ(link::backlog(block.link.tx, engine.now), Nanos{3'000});
  const auto stall_of = [&](std::uint64_t number, Closed how) {
    engine.verdict = [how](PageId) { return how; };
    const PageId page = engine.table().obtain({number});
    const Fault fault = engine.instance().begin(page, engine.now);
    const Room room = engine.instance().make_room(page, engine.now, engine.closer());
    engine.instance().finish(page, fault, {});
    return room.writeback_end;
  };
  EXPECT_EQ(stall_of(4, Closed::kClean), Nanos{0});
  EXPECT_EQ(stall_of(5, Closed::kUnknown), engine.now + Nanos{3'000});
  EXPECT_EQ(block.counters.evictions_dirty, 3u);
  EXPECT_EQ(block.counters.evictions_clean, 1u);
  EXPECT_EQ(block.counters.evictions_unknown, 1u);
  EXPECT_EQ(block.link.tx.bytes, 4 * kPageBytes);
}

TEST(Instance, CountsItsOwnEvictionsHoweverTheyEnd) {
  Block block(1);
  std::uint64_t own = 0;
  TestMemory memory;
  InstanceShared shared = block.shared();
  shared.own.evictions = &own;
  Instance instance(memory, shared);
  PageTable table(instance.pool(), memory, 0);
  instance.use_link(block.link);
  instance.use_policy(policies::kFifo, 1);
  const Closed ends[] = {Closed::kDirty, Closed::kClean, Closed::kUnknown, Closed::kRefused};
  instance.adopt(table.obtain({0}));
  for (std::uint64_t i = 0; i < 4; ++i) {
    const PageId page = table.obtain({i + 1});
    const Fault fault = instance.begin(page, {});
    ASSERT_TRUE(instance.make_room(page, {}, [&](PageId) { return ends[i]; }).made);
    instance.finish(page, fault, {});
  }
  EXPECT_EQ(own, 3u);
}

TEST(Instance, CleanVictimsAndNoWritebackUseNoBandwidth) {
  Block block(1);
  block.parameters.bandwidth_bps = 32'768'000'000;
  Engine engine(block);
  engine.verdict = [](PageId) { return Closed::kClean; };
  engine.touch(0);
  engine.touch(1);
  block.parameters.flags &= ~std::uint32_t{DIME_WRITEBACK};
  engine.verdict = [](PageId) { return Closed::kDirty; };
  engine.touch(2);
  EXPECT_EQ(block.link.tx.transfers, 0u);
  EXPECT_EQ(block.counters.evictions_clean, 1u);
  EXPECT_EQ(block.counters.evictions_dirty, 1u);
}

}  // namespace
}  // namespace dime::test
