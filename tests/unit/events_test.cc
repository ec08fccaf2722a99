// SPDX-License-Identifier: GPL-2.0
// The ring of events: what is written is read in order, a full ring makes writers wait, and a
// reader that stands still for good is not waited for.
#include <gtest/gtest.h>

#include <memory>

#include "core/atomic.h"
#include "core/events.h"

namespace dime {
namespace {

dime_events* ring = nullptr;
unsigned pauses = 0;
bool reader_lives = true;

class EventsTest : public testing::Test {
 protected:
  EventsTest() {
    ring = ring_.get();
    pauses = 0;
    reader_lives = true;
    events_.start(*ring, /*pid=*/7, /*parent=*/3, {now, pause});
  }

  static Nanos now() { return {5}; }
  static void pause() {
    ++pauses;
    if (reader_lives) {
      atomic::store_release(ring->read, ring->read + 1);
    }
  }
  void touch(std::uint64_t page) {
    events_.touched(DIME_EVENT_DEMAND, {page}, {9}, 8, DIME_ACCESS_WRITE);
  }

  std::unique_ptr<dime_events> ring_ = std::make_unique<dime_events>();
  Events events_;
};

TEST_F(EventsTest, EventsStandInTheirOrder) {
  touch(0x7f1234567);
  const dime_page_event& started = ring->places[0];
  EXPECT_EQ(started.turn, 1u);
  EXPECT_EQ(started.what, DIME_EVENT_STARTED);
  EXPECT_EQ(started.page, 3u);
  EXPECT_EQ(started.pid, 7u);
  const dime_page_event& event = ring->places[1];
  EXPECT_EQ(event.turn, 2u);
  EXPECT_EQ(event.what, DIME_EVENT_DEMAND);
  EXPECT_EQ(event.page, 0x7f1234567u);
  EXPECT_EQ(event.time_ns, 9u);
  EXPECT_EQ(event.access, DIME_ACCESS_WRITE);
  EXPECT_EQ(event.tid, 8u);
}

TEST_F(EventsTest, AStackStandsInFrontOfItsEvent) {
  CallStack stack;
  stack.pc = 0x401000;
  stack.top = UINT64_MAX;
  stack.depth = 3;
  stack.callers[0] = 0x402001;
  stack.callers[1] = 0x402002;
  stack.callers[2] = 0x402003;
  events_.touched(DIME_EVENT_DEMAND, {0x7f1234567}, {9}, 8, DIME_ACCESS_WRITE, &stack);
  const dime_page_event* const places = &ring->places[1];
  for (unsigned i = 0; i < 3; ++i) {
    EXPECT_EQ(places[i].turn, 2u + i);
    EXPECT_EQ(places[i].what, DIME_EVENT_STACK);
    EXPECT_EQ(places[i].access, i);
    EXPECT_EQ(places[i].pid, 7u);
    EXPECT_EQ(places[i].tid, 8u);
  }
  EXPECT_EQ(places[0].page, stack.pc);
  EXPECT_EQ(places[0].time_ns, stack.top);
  EXPECT_EQ(places[1].page, stack.callers[0]);
  EXPECT_EQ(places[1].time_ns, stack.callers[1]);
  EXPECT_EQ(places[2].page, stack.callers[2]);
  EXPECT_EQ(places[2].time_ns, 0u);
  EXPECT_EQ(places[3].turn, 5u);
  EXPECT_EQ(places[3].what, DIME_EVENT_DEMAND);
  EXPECT_EQ(places[3].page, 0x7f1234567u);
  EXPECT_EQ(ring->next, 5u);
}

TEST_F(EventsTest, AFullRingMakesTheWriterWait) {
  for (std::uint64_t i = 1; i < DIME_EVENT_PLACES; ++i) {
    touch(i);
  }
  EXPECT_EQ(pauses, 0u);
  touch(1);
  EXPECT_EQ(pauses, 1u);
  EXPECT_EQ(ring->waits, 1u);
  EXPECT_EQ(ring->closed, 0u);
  EXPECT_EQ(ring->places[0].turn, DIME_EVENT_PLACES + 1u);
}

TEST_F(EventsTest, ADeadReaderIsNotWaitedForTwice) {
  reader_lives = false;
  for (std::uint64_t i = 0; i < DIME_EVENT_PLACES + 10; ++i) {
    touch(i);
  }
  EXPECT_EQ(ring->closed, 1u);
  EXPECT_EQ(pauses, Events::kMostPauses);
  EXPECT_EQ(ring->places[0].turn, 1u) << "what was recorded stays as it was";
}

}  // namespace
}  // namespace dime
