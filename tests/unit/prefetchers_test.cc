// SPDX-License-Identifier: GPL-2.0
// The prefetchers, asked one access after the other, with answers that were worked out by hand; and
// how they are asked for.
#include "prefetchers/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "core/prefetcher.h"

namespace dime::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Pages = std::vector<std::uint64_t>;

class Heap final : public Memory {
 public:
  void* allocate(std::uint64_t bytes) override { return std::calloc(1, bytes); }
  void release(void* block, std::uint64_t /*bytes*/) override { std::free(block); }
};

/// A prefetcher as it is asked for.
class Asked {
 public:
  explicit Asked(const char* text, PrefetchTape tape = {}, std::uint64_t limit = 10'000)
      : limit_(limit) {
    PrefetchChoice choice;
    const auto refusal =
        prefetch_choice::read(*prefetchers::find(prefetch_choice::name_of(text)), text, choice);
    EXPECT_TRUE(refusal.ok()) << text;
    EXPECT_TRUE(prefetcher_.use(heap_, choice, tape));
  }
  Pages miss(std::uint64_t page) { return ask(page, DIME_PREFETCH_MISS); }
  Pages use(std::uint64_t page) { return ask(page, DIME_PREFETCH_USED); }

 private:
  Pages ask(std::uint64_t page, dime_prefetch_why why) {
    dime_prefetch_event event{};
    event.page = page;
    event.why = static_cast<std::uint8_t>(why);
    std::uint64_t pages[DIME_PREFETCH_MOST];
    const std::uint32_t count = prefetcher_.propose(event, limit_, pages);
    return {pages, pages + count};
  }

  Heap heap_;
  Prefetcher prefetcher_;
  std::uint64_t limit_;
};

TEST(Prefetchers, FitTheInterface) {
  for (const dime_prefetch_ops* const one : prefetchers::kAll) {
    EXPECT_EQ(one->abi, DIME_PREFETCH_ABI) << one->name;
    EXPECT_LE(one->state_bytes, DIME_PREFETCH_STATE_BYTES) << one->name;
    EXPECT_LE(one->parameter_count, DIME_PREFETCH_PARAMETERS) << one->name;
    EXPECT_EQ(prefetchers::find(one->name), one);
  }
}

TEST(Prefetchers, NoneAsksForNothing) {
  EXPECT_THAT(Asked("none").miss(7), IsEmpty());
}

TEST(Prefetchers, SequentialStaysAhead) {
  Asked sequential("sequential:3");
  EXPECT_THAT(sequential.miss(7), ElementsAre(8, 9, 10));
  EXPECT_THAT(sequential.use(8), ElementsAre(9, 10, 11));
}

TEST(Prefetchers, AskForAnEighthOfTheLimitAtMost) {
  EXPECT_THAT(Asked("sequential:8", {}, 16).miss(1), ElementsAre(2, 3));
  EXPECT_THAT(Asked("sequential:8", {}, 7).miss(1), IsEmpty());
}

TEST(Prefetchers, StrideNeedsTwoEqualSteps) {
  Asked stride("stride:2");
  EXPECT_THAT(stride.miss(100), IsEmpty());
  EXPECT_THAT(stride.miss(103), IsEmpty());
  EXPECT_THAT(stride.miss(106), ElementsAre(109, 112));
  EXPECT_THAT(stride.use(109), ElementsAre(112, 115));
  // Another zone has a stride of its own, also a negative one.
  EXPECT_THAT(stride.miss(2000), IsEmpty());
  EXPECT_THAT(stride.miss(1998), IsEmpty());
  EXPECT_THAT(stride.miss(1996), ElementsAre(1994, 1992));
  // One step that does not fit is forgiven, two are not.
  EXPECT_THAT(stride.miss(120), ElementsAre(123, 126));
  EXPECT_THAT(stride.miss(50), IsEmpty());
}

// The first window: Linux begins with 4 hits, so 6, rounded to 8, around the page.
TEST(Prefetchers, LinuxBeginsWithAWindowAroundThePage) {
  EXPECT_THAT(Asked("linux").miss(100), ElementsAre(97, 98, 99, 101, 102, 103, 104));
}

TEST(Prefetchers, LinuxShrinksByHalvesWithoutHits) {
  Asked linux_("linux");
  EXPECT_EQ(linux_.miss(100).size(), 7u);
  EXPECT_EQ(linux_.miss(300).size(), 3u);
  EXPECT_EQ(linux_.miss(150).size(), 1u);
  EXPECT_THAT(linux_.miss(350), IsEmpty());
  // A neighbour brings 2, in the direction of the step.
  EXPECT_THAT(linux_.miss(351), ElementsAre(352));
  EXPECT_THAT(linux_.miss(350), ElementsAre(349));
}

TEST(Prefetchers, LinuxGrowsWithHitsAndStaysInItsTable) {
  Asked linux_("linux");
  for (const std::uint64_t page : {100, 300, 150, 350}) {
    linux_.miss(page);
  }
  EXPECT_THAT(linux_.use(508), IsEmpty());
  // One hit: 3, rounded to 4, ahead of the page as it follows the hit; the table ends with 511.
  EXPECT_THAT(linux_.miss(509), ElementsAre(510, 511));
}

TEST(Prefetchers, LeapFollowsTheMajority) {
  Asked leap("leap");
  EXPECT_THAT(leap.miss(10), IsEmpty());
  EXPECT_THAT(leap.miss(12), ElementsAre(14));
  leap.use(14);
  // One hit: a window of 2. The steps are 2, 2, 2.
  EXPECT_THAT(leap.miss(16), ElementsAre(18, 20));
  leap.use(18);
  leap.use(20);
  // A step away from the trend does not hide it.
  EXPECT_THAT(leap.miss(500), ElementsAre(502, 504, 506, 508));
}

TEST(Prefetchers, LeapShrinksByHalves) {
  Asked leap("leap");
  leap.miss(10);
  leap.miss(12);
  for (std::uint64_t page = 14; page < 28; page += 2) {
    leap.use(page);
  }
  EXPECT_EQ(leap.miss(28).size(), 8u);
  EXPECT_EQ(leap.miss(1000).size(), 4u);
  EXPECT_EQ(leap.miss(3000).size(), 2u);
}

TEST(Prefetchers, TapeFollowsTheRecording) {
  const Pages recorded = {5, 9, 1, 7, 3, 2};
  Asked tape("tape:x,pages=2", {recorded.data(), recorded.size()});
  EXPECT_THAT(tape.miss(9), ElementsAre(1, 7));
  EXPECT_THAT(tape.use(7), ElementsAre(3, 2));
  // Not on the rest of the tape: the place stays.
  EXPECT_THAT(tape.miss(77), ElementsAre(3, 2));
  EXPECT_THAT(tape.miss(2), IsEmpty());
}

TEST(PrefetchChoice, RefusesWhatIsWrong) {
  const auto problem = [](const dime_prefetch_ops& prefetcher, const char* text) {
    PrefetchChoice choice;
    const auto refusal = prefetch_choice::read(prefetcher, text, choice);
    return std::string(refusal.ok() ? "" : refusal.problem);
  };
  EXPECT_EQ(problem(prefetchers::kSequential, "sequential:0"), "out of bounds");
  EXPECT_EQ(problem(prefetchers::kSequential, "sequential:33"), "out of bounds");
  EXPECT_EQ(problem(prefetchers::kSequential, "sequential:-1"), "out of bounds");
  EXPECT_EQ(problem(prefetchers::kSequential, "sequential:99999999999999999999"), "out of bounds");
  for (const char* const text : {"sequential:x", "sequential:", "sequential:-", "sequential:1-"}) {
    EXPECT_EQ(problem(prefetchers::kSequential, text), "not a number") << text;
  }
  EXPECT_EQ(problem(prefetchers::kSequential, "sequential,depth=3"), "no such parameter");
  EXPECT_EQ(problem(prefetchers::kSequential, "sequential:pages=3"), "");
  EXPECT_EQ(problem(prefetchers::kNone, "none:3"), "no such parameter");
  EXPECT_EQ(problem(prefetchers::kTape, "tape"), "needs a recording, as in tape:TRACE");
}

TEST(PrefetchChoice, ATapeMayHaveColons) {
  PrefetchChoice choice;
  EXPECT_TRUE(prefetch_choice::read(prefetchers::kTape, "tape:/a:b=c,pages=3", choice).ok());
  EXPECT_TRUE(choice.tape == Text("/a:b=c"));
  EXPECT_EQ(choice.values[0], 3u);
}

}  // namespace
}  // namespace dime::test
