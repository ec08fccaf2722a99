// SPDX-License-Identifier: GPL-2.0
// What a policy is told, and what it can ask: <dime/policy.h>, by a policy that writes down every
// call. Its order is first in, first out.
#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "tests/unit/model.h"

namespace dime::test {
namespace {

enum class Call { kAdd, kRemove, kVictim, kTouched, kForget, kResize, kTick };

struct Told {
  Call call;
  dime_event event;
  std::uint64_t limit;
};

/// What all instances of the policy wrote down, and its order.
struct Notes {
  std::vector<Told> told;
  std::vector<std::uint32_t> order;
  std::vector<std::uint64_t> parameters;
  const dime_policy_host* host = nullptr;
  const dime_policy_ops* self = nullptr;
  bool no_memory = false;

  void note(Call call, const dime_policy_host* from) {
    told.push_back({call, from->event, from->limit});
    host = from;
  }
  /// The events of one kind of call since the last time that it was asked.
  std::vector<dime_event> take(Call call) {
    std::vector<dime_event> events;
    for (const Told& one : told) {
      if (one.call == call) {
        events.push_back(one.event);
      }
    }
    told.clear();
    return events;
  }
};

Notes* notes = nullptr;

constexpr dime_policy_parameter kParameters[] = {
    {"small", "a share", 1'000, 0, 10'000, DIME_UNIT_SHARE},
    {"count", "a number", 7, 1, 9, DIME_UNIT_NUMBER},
};

dime_policy_ops recorder() {
  dime_policy_ops ops{};
  ops.name = "recorder";
  ops.abi = DIME_POLICY_ABI;
  ops.flags = DIME_POLICY_GHOSTS;
  ops.page_bytes = 40;
  ops.parameters = kParameters;
  ops.parameter_count = 2;
  ops.init = [](const dime_policy_ops* self, void* /*state*/, const dime_policy_host* host) {
    notes->self = self;
    notes->parameters.assign(host->parameters, host->parameters + self->parameter_count);
    return 0;
  };
  ops.add_page = [](void* /*state*/, const dime_policy_host* host, std::uint32_t page) {
    notes->note(Call::kAdd, host);
    if (notes->no_memory) {
      return -1;
    }
    notes->order.push_back(page);
    // All of the bytes are the policy's.
    auto* const bytes = reinterpret_cast<std::uint8_t*>(host->page(host->context, page));
    std::fill_n(bytes, 40, static_cast<std::uint8_t>(page + 1));
    return 0;
  };
  ops.remove_page = [](void* /*state*/, const dime_policy_host* host, std::uint32_t page) {
    notes->note(Call::kRemove, host);
    std::erase(notes->order, page);
  };
  ops.victim = [](void* /*state*/, const dime_policy_host* host) {
    notes->note(Call::kVictim, host);
    return notes->order.empty() ? DIME_NO_PAGE : notes->order.front();
  };
  ops.forget = [](void* /*state*/, const dime_policy_host* host, std::uint32_t /*page*/) {
    notes->note(Call::kForget, host);
  };
  ops.resize = [](void* /*state*/, const dime_policy_host* host) {
    notes->note(Call::kResize, host);
  };
  ops.tick = [](void* /*state*/, const dime_policy_host* host) { notes->note(Call::kTick, host); };
  ops.clean = [](void* /*state*/, const dime_policy_host* /*host*/) {};
  return ops;
}

class Interface : public ::testing::Test {
 protected:
  struct InUse {
    explicit InUse(Notes& own) { notes = &own; }
    ~InUse() { notes = nullptr; }
    InUse(const InUse&) = delete;
    InUse& operator=(const InUse&) = delete;
  };

  PageId id(std::uint64_t page) { return engine_.table().find({page}); }

  Notes notes_;
  InUse in_use_{notes_};
  dime_policy_ops ops_ = recorder();
  Block block_{2};
  Engine engine_{block_, ops_};
};

TEST_F(Interface, InitGetsItsOwnOperationsAndTheParameters) {
  EXPECT_EQ(notes_.self, &ops_);
  EXPECT_EQ(notes_.parameters, (std::vector<std::uint64_t>{1'000, 7}));
  const std::uint64_t values[] = {5, 9};
  dime_policy_ops again = recorder();
  ASSERT_TRUE(engine_.instance().use_policy(again, 1, values));
  EXPECT_EQ(notes_.self, &again);
  EXPECT_EQ(notes_.parameters, (std::vector<std::uint64_t>{5, 9}));
  ASSERT_TRUE(engine_.instance().use_policy(policies::kFifo, 1));  // `again` ends before the engine
}

TEST_F(Interface, APageEntersForAReason) {
  engine_.instance().describe_access(DIME_ACCESS_WRITE, 17);
  engine_.touch(0);
  engine_.touch(1);
  engine_.touch(2);
  engine_.touch(0);
  const std::vector<dime_event> added = notes_.take(Call::kAdd);
  ASSERT_EQ(added.size(), 4u);
  EXPECT_EQ(added[0].page, id(0));
  EXPECT_EQ(added[0].why, DIME_ENTER_FIRST_TOUCH);
  EXPECT_EQ(added[0].known, 0);
  EXPECT_EQ(added[0].access, DIME_ACCESS_WRITE);
  EXPECT_EQ(added[0].thread, 17u);
  EXPECT_GE(added[0].time_ns, engine_.now.value);
  EXPECT_EQ(added[3].page, id(0));
  EXPECT_EQ(added[3].why, DIME_ENTER_DEMAND);
  EXPECT_EQ(added[3].known, 1);  // what was kept of it is still there
}

TEST_F(Interface, APageLeavesForAReason) {
  engine_.touch(0);
  engine_.touch(1);
  engine_.touch(2);
  engine_.verdict = [](PageId) { return Closed::kClean; };
  engine_.touch(3);
  engine_.unmap(2);
  const std::vector<dime_event> removed = notes_.take(Call::kRemove);
  ASSERT_EQ(removed.size(), 3u);
  EXPECT_EQ(removed[0].why, DIME_LEAVE_DIRTY);
  EXPECT_EQ(removed[1].why, DIME_LEAVE_CLEAN);
  EXPECT_EQ(removed[2].why, DIME_LEAVE_DROPPED);
}

TEST_F(Interface, APinnedPageLeavesAndIsNotKept) {
  engine_.touch(0);
  engine_.touch(1);
  engine_.verdict = [this](PageId page) {
    return page == id(0) ? Closed::kRefused : Closed::kDirty;
  };
  engine_.touch(2);
  const std::vector<dime_event> removed = notes_.take(Call::kRemove);
  ASSERT_FALSE(removed.empty());
  EXPECT_EQ(removed[0].why, DIME_LEAVE_PINNED);
}

TEST_F(Interface, AVictimIsAskedForByThePageThatWantsRoom) {
  engine_.touch(0);
  engine_.touch(1);
  engine_.touch(2);
  notes_.told.clear();
  engine_.touch(0);
  const std::vector<dime_event> asked = notes_.take(Call::kVictim);
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0].page, id(0));
  EXPECT_EQ(asked[0].known, 1);
}

TEST_F(Interface, WhatIsKeptOutlivesResidencyUntilTheNumberIsFree) {
  engine_.touch(0);
  engine_.touch(1);
  engine_.touch(2);
  const auto* const bytes =
      reinterpret_cast<const std::uint8_t*>(notes_.host->page(notes_.host->context, id(0)));
  EXPECT_EQ(bytes[0], static_cast<std::uint8_t>(id(0) + 1));
  EXPECT_EQ(bytes[39], static_cast<std::uint8_t>(id(0) + 1));
  notes_.told.clear();
  engine_.unmap(0);
  const std::vector<dime_event> forgotten = notes_.take(Call::kForget);
  ASSERT_EQ(forgotten.size(), 1u);
  EXPECT_EQ(forgotten[0].page, id(0));
  engine_.touch(0);
  EXPECT_EQ(notes_.take(Call::kAdd).back().known, 0);
}

TEST_F(Interface, APageThatCouldNotLeaveReturns) {
  engine_.touch(0);
  engine_.touch(1);
  notes_.told.clear();
  const PageId claimed = engine_.instance().claim_victim(id(0));
  engine_.instance().closed(claimed, Closed::kBusy, engine_.now);
  const std::vector<dime_event> added = notes_.take(Call::kAdd);
  ASSERT_EQ(added.size(), 1u);
  EXPECT_EQ(added[0].why, DIME_ENTER_RETURNED);
  EXPECT_EQ(added[0].known, 1);
}

TEST_F(Interface, AMovedPageNamesTheOneThatItWas) {
  engine_.touch(0);
  const PageId to = engine_.table().obtain({600});
  notes_.told.clear();
  engine_.instance().relocate(id(0), to);
  const std::vector<dime_event> added = notes_.take(Call::kAdd);
  ASSERT_EQ(added.size(), 1u);
  EXPECT_EQ(added[0].why, DIME_ENTER_MOVED);
  EXPECT_EQ(added[0].page, to);
  EXPECT_EQ(added[0].from, id(0));
}

TEST_F(Interface, TheLimitIsKnownAndItsChangesAreTold) {
  engine_.touch(0);
  EXPECT_EQ(notes_.host->limit, 2u);
  block_.parameters.local_npages = 5;
  notes_.told.clear();
  engine_.touch(1);
  EXPECT_EQ(notes_.take(Call::kResize).size(), 1u);
  EXPECT_EQ(notes_.host->limit, 5u);
  EXPECT_EQ(notes_.host->resident, 2u);
}

TEST_F(Interface, TicksTellTheTime) {
  engine_.instance().tick({77});
  const std::vector<dime_event> ticks = notes_.take(Call::kTick);
  ASSERT_EQ(ticks.size(), 1u);
  EXPECT_EQ(ticks[0].time_ns, 77u);
}

TEST_F(Interface, WhetherAPageWasAccessedIsYesNoOrUnknown) {
  engine_.touch(0);
  const dime_policy_host* const host = notes_.host;
  EXPECT_EQ(host->sees, 0u);
  EXPECT_EQ(host->test_and_clear_accessed(host->context, id(0)), DIME_ACCESSED_UNKNOWN);
  int answer = DIME_ACCESSED_YES;
  engine_.instance().use_accessed(
      [](void* context, PageId /*id*/) { return *static_cast<int*>(context); }, &answer);
  EXPECT_EQ(host->test_and_clear_accessed(host->context, id(0)), DIME_ACCESSED_YES);
  answer = DIME_ACCESSED_NO;
  EXPECT_EQ(host->test_and_clear_accessed(host->context, id(0)), DIME_ACCESSED_NO);
}

TEST_F(Interface, AnAddressIsKnown) {
  engine_.touch(3);
  EXPECT_EQ(notes_.host->address(notes_.host->context, id(3)), 3u * kPageBytes);
}

TEST_F(Interface, APageWithoutMemoryForItIsNeverEvicted) {
  notes_.no_memory = true;
  engine_.touch(0);
  EXPECT_EQ(engine_.state(0), PageState::kUnmovable);
  EXPECT_EQ(block_.levels.local_pages, 0u);
}

TEST_F(Interface, AnotherPolicyKnowsNothingOfWhatThisOneKept) {
  engine_.touch(0);
  engine_.touch(1);
  engine_.touch(2);  // page 0 is a ghost
  notes_.told.clear();
  ASSERT_TRUE(engine_.instance().use_policy(policies::kFifo, 1));
  const std::vector<dime_event> removed = notes_.take(Call::kRemove);
  ASSERT_EQ(removed.size(), 2u);
  EXPECT_EQ(removed[0].why, DIME_LEAVE_SWITCHED);
  dime_policy_ops again = recorder();
  ASSERT_TRUE(engine_.instance().use_policy(again, 1));
  std::vector<dime_event> added = notes_.take(Call::kAdd);
  ASSERT_EQ(added.size(), 2u);
  EXPECT_EQ(added[0].why, DIME_ENTER_SWITCHED);
  engine_.touch(0);
  added = notes_.take(Call::kAdd);
  ASSERT_EQ(added.size(), 1u);
  EXPECT_EQ(added[0].known, 0);
  ASSERT_TRUE(engine_.instance().use_policy(policies::kFifo, 1));  // `again` ends before the engine
}

/// The manual's policy: it is told of pages and decides nothing.
TEST(Manual, APolicyOfAddPageAndCleanGoesByArrival) {
  static std::vector<std::uint32_t> seen;
  static unsigned cleaned;
  seen.clear();
  cleaned = 0;
  dime_policy_ops least{};
  least.name = "nothing";
  least.add_page = [](void* /*state*/, const dime_policy_host* /*host*/, std::uint32_t page) {
    seen.push_back(page);
    return 0;
  };
  least.clean = [](void* /*state*/, const dime_policy_host* /*host*/) { ++cleaned; };
  Block block(3);
  {
    Engine engine(block, least);
    for (const std::uint64_t page : {1u, 2u, 3u, 4u, 1u, 2u, 5u, 1u, 2u, 3u, 4u, 5u}) {
      engine.touch(page);
    }
    EXPECT_EQ(seen.size(), 9u);  // first in, first out with three pages
    EXPECT_EQ(block.counters.page_fault_count, 9u);
    EXPECT_EQ(cleaned, 0u);
  }
  EXPECT_EQ(cleaned, 1u);
}

TEST(Manual, APolicyThatIsFlaggedFirstInFirstOutIsNeverCalled) {
  dime_policy_ops copy = policies::kFifo;  // as a kernel module registers it, at another address
  copy.add_page = [](void* /*state*/, const dime_policy_host* /*host*/, std::uint32_t /*page*/) {
    ADD_FAILURE() << "the slow copy";
    return -1;
  };
  Block block(3);
  Engine engine(block, copy);
  for (std::uint64_t page = 0; page < 10; ++page) {
    engine.touch(page);
  }
  EXPECT_EQ(engine.open_pages(), 3u);
  PageId next[3] = {};
  EXPECT_EQ(engine.instance().next_victims(0, next, 3), 3u);  // and neighbours can go together
}

}  // namespace
}  // namespace dime::test
