// SPDX-License-Identifier: GPL-2.0
// Pages that are fetched ahead in a live instance: what becomes of them, and that the same accesses
// have the same misses as in the simulator.
#include "core/prefetches.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engines/simulator/replay.h"
#include "prefetchers/registry.h"
#include "tests/unit/model.h"

namespace dime::test {
namespace {

PrefetchChoice choice_of(const std::string& text) {
  PrefetchChoice choice;
  const dime_prefetch_ops* const ops = prefetchers::find(prefetch_choice::name_of(Text(text)));
  EXPECT_TRUE(prefetch_choice::read(*ops, Text(text), choice).ok());
  return choice;
}

/// An engine that fetches ahead, while the page that was touched is on its way.
class Fetching {
 public:
  Fetching(std::uint64_t local, const std::string& prefetcher)
      : block(local), engine(block), prefetches_(engine.memory) {
    EXPECT_TRUE(prefetches_.use(0, choice_of(prefetcher)));
  }

  /// From now on page n belongs to tier n / kPerTier.
  void use_tiers() {
    engine.instance().use_tiers(
        [](void* context, PageId id) {
          auto& self = *static_cast<Fetching*>(context);
          return static_cast<unsigned>(self.engine.instance().pool().page(id).value / kPerTier);
        },
        this);
  }
  void use(unsigned tier, const std::string& prefetcher) {
    EXPECT_TRUE(prefetches_.use(tier, choice_of(prefetcher)));
  }
  void follow_instance(unsigned tier) { prefetches_.follow_instance(tier); }
  [[nodiscard]] bool is_on() const { return prefetches_.is_on(); }
  [[nodiscard]] const dime_counters& tier_counters(unsigned tier) const {
    return block.tier_uses[tier].counters;
  }
  void scan(std::uint64_t first, std::uint64_t end) {
    for (std::uint64_t page = first; page < end; ++page) {
      touch(page);
    }
  }

  static constexpr std::uint64_t kPerTier = 1'000;

  void touch(std::uint64_t page) {
    Instance& instance = engine.instance();
    const PageId id = engine.table().obtain({page});
    if (instance.pool().record(id).prefetched != 0) {
      const Nanos arrives = prefetches_.arrival(id);
      instance.use_prefetched(id, arrives - engine.now);
      engine.now = later(engine.now, arrives);
      fetch_ahead(id, DIME_PREFETCH_USED);
      return;
    }
    const Fault fault = instance.begin(id, engine.now);
    if (fault.kind == FaultKind::kPresent) {
      return;
    }
    EXPECT_TRUE(instance.make_room(id, engine.now, engine.closer()).made);
    if (fault.kind == FaultKind::kRemote) {
      fetch_ahead(id, DIME_PREFETCH_MISS);
    }
    instance.finish(id, fault, fault.ready - engine.now);
    engine.now = later(engine.now, fault.ready);
  }

  Block block;
  Engine engine;

 private:
  void fetch_ahead(PageId page, dime_prefetch_why why) {
    Instance& instance = engine.instance();
    Prefetches::Named named;
    prefetches_.touched(instance.pool().page(page), instance.pool().record(page).tier, why,
                        engine.now, instance.limit_for(page), named);
    for (; named.next < named.count; ++named.next) {
      const PageId id = engine.table().find({named.pages[named.next]});
      if (id == kNoPage || instance.pool().record(id).state != PageState::kRemote ||
          !prefetches_.may_fetch(named, instance.pool().record(id).tier)) {
        continue;
      }
      EXPECT_TRUE(instance.make_room(id, engine.now, engine.closer()).made);
      prefetches_.note_under_way(id, instance.prefetch(id, named.at));
    }
  }

  Prefetches prefetches_;
};

// 64 pages twice with 16 local: of the second scan only the first access is remote.
TEST(Prefetches, AScanHasOneMiss) {
  Fetching process(16, "sequential:1");
  for (unsigned i = 0; i < 128; ++i) {
    process.touch(i % 64);
  }
  const dime_counters& counters = process.block.counters;
  EXPECT_EQ(counters.faults_remote, 1u);
  EXPECT_EQ(counters.prefetch_issued, 63u);
  EXPECT_EQ(counters.prefetch_used + counters.prefetch_late, 63u);
  EXPECT_EQ(counters.prefetch_useless, 0u);
  EXPECT_EQ(process.block.levels.local_pages, 16u);
  EXPECT_EQ(process.block.levels.local_peak, 16u);
}

// A fetch takes 10 us: the page behind, touched at once, waits as long as the first, not twice.
TEST(Prefetches, APageUnderWayIsWaitedFor) {
  Fetching process(16, "sequential:1");
  for (unsigned page = 0; page < 64; ++page) {
    process.touch(page);
  }
  process.block.parameters.latency_ns = 10'000;
  const Nanos start = process.engine.now;
  process.touch(0);
  process.touch(1);
  EXPECT_EQ(process.engine.now, start + Nanos{10'000});
  process.touch(2);
  EXPECT_EQ(process.engine.now, start + Nanos{20'000});
  EXPECT_EQ(process.block.counters.prefetch_used, 1u);
  EXPECT_EQ(process.block.counters.prefetch_late, 1u);
  EXPECT_EQ(process.block.stalls.count, 2u);
}

TEST(Prefetches, WhatIsEvictedOrDroppedUntouchedIsUseless) {
  Fetching process(16, "sequential:2");
  for (unsigned page = 0; page < 64; ++page) {
    process.touch(page);
  }
  process.touch(0);
  process.engine.unmap(1);
  for (unsigned page = 64; page < 80; ++page) {
    process.touch(page);
  }
  EXPECT_EQ(process.block.counters.prefetch_issued, 2u);
  EXPECT_EQ(process.block.counters.prefetch_useless, 2u);
  EXPECT_EQ(process.block.counters.prefetch_used, 0u);
}

// A forked child goes on with the parent's pages, but not with its counts.
TEST(Prefetches, AChildDoesNotCountWhatItsParentPrefetched) {
  Fetching process(16, "sequential:2");
  for (unsigned page = 0; page < 64; ++page) {
    process.touch(page);
  }
  process.touch(0);
  process.engine.instance().continue_in_child({}, nullptr);
  process.touch(1);
  process.touch(2);
  EXPECT_EQ(process.block.counters.prefetch_issued, 2u);
  EXPECT_EQ(process.block.counters.prefetch_used, 0u);
  EXPECT_EQ(process.block.counters.faults_remote, 1u);
}

// 64 pages of the instance and 64 of tier 1, twice, with 32 local: only the tier has a prefetcher.
TEST(Prefetches, ATierMayHaveItsOwn) {
  Fetching process(32, "none");
  process.use_tiers();
  process.use(1, "sequential:1");
  EXPECT_TRUE(process.is_on());
  for (unsigned round = 0; round < 2; ++round) {
    process.scan(0, 64);
    process.scan(1'000, 1'064);
  }
  EXPECT_EQ(process.tier_counters(1).faults_remote, 1u);
  EXPECT_EQ(process.tier_counters(1).prefetch_issued, 63u);
  EXPECT_EQ(process.block.counters.prefetch_issued, 63u);
  EXPECT_EQ(process.block.counters.faults_remote, 65u);
  process.follow_instance(1);
  EXPECT_FALSE(process.is_on());
  process.scan(1'000, 1'064);
  EXPECT_EQ(process.block.counters.prefetch_issued, 63u);
}

// The scan goes from the instance's pages to those of tier 1, and no prefetcher beyond its own.
TEST(Prefetches, EndAtTiersWithAnother) {
  Fetching process(32, "sequential:4");
  process.use_tiers();
  process.use(1, "none");
  const auto fetched = [&](unsigned tier) { return process.tier_counters(tier).prefetch_issued; };
  for (unsigned round = 0; round < 2; ++round) {
    process.scan(900, 1'064);
    process.scan(2'000, 2'064);
  }
  EXPECT_EQ(fetched(1), 0u);
  EXPECT_EQ(process.tier_counters(1).faults_remote, 64u);
  EXPECT_EQ(fetched(2), 63u);
  EXPECT_EQ(process.block.counters.prefetch_issued, 99u + 63u);
  process.follow_instance(1);
  process.scan(900, 1'064);
  EXPECT_EQ(fetched(1), 64u);
}

/// `count` pages of one process from `first` on, as the simulator wants them.
simulator::PagePlaces in_a_row(std::uint64_t first, std::uint32_t count) {
  trace::PageIndex index;
  for (std::uint32_t page = 0; page < count; ++page) {
    index.of(0, first + page);
  }
  return simulator::PagePlaces(std::move(index));
}

/// All pages, then short runs over some, forward, backward and by a stride.
std::vector<std::uint32_t> runs_over(std::uint32_t pages) {
  std::vector<std::uint32_t> steps;
  std::uint64_t random = 1;
  for (std::uint32_t page = 0; page < pages; ++page) {
    steps.push_back(page);
  }
  for (unsigned run = 0; run < 600; ++run) {
    random = random * 6'364'136'223'846'793'005U + 1;
    const auto first = static_cast<std::uint32_t>(random >> 33U);
    const std::uint32_t step = run % 3 == 0 ? 1 : run % 3 == 1 ? 3 : pages - 1;
    for (std::uint32_t i = 0; i < 10; ++i) {
      steps.push_back((first + i * step) % pages);
    }
  }
  return steps;
}

/// What the simulator says of `steps` over `pages` pages from `first` on.
simulator::ReplayResult simulated(const std::string& prefetcher,
                                  const std::vector<std::uint32_t>& steps, std::uint32_t pages,
                                  std::uint64_t local, std::uint64_t first) {
  const simulator::PagePlaces places = in_a_row(first, pages);
  simulator::PrefetchSetup prefetch;
  prefetch.places = &places;
  prefetch.choice = choice_of(prefetcher);
  const auto result =
      simulator::replay({&policies::kFifo, nullptr, local, 1, &prefetch}, steps, pages, nullptr);
  EXPECT_TRUE(result.has_value());
  return result ? *result : simulator::ReplayResult{};
}

class SameAsSimulator : public testing::TestWithParam<const char*> {};

TEST_P(SameAsSimulator, CountsAndMisses) {
  constexpr std::uint32_t kPages = 400;
  constexpr std::uint64_t kLocal = 100;
  const std::vector<std::uint32_t> steps = runs_over(kPages);
  const auto expected = simulated(GetParam(), steps, kPages, kLocal, 0);
  Fetching process(kLocal, GetParam());
  for (const std::uint32_t page : steps) {
    process.touch(page);
  }
  const dime_counters& counters = process.block.counters;
  EXPECT_EQ(counters.faults_remote + counters.faults_first_touch, expected.misses);
  EXPECT_EQ(counters.prefetch_issued, expected.prefetch.issued);
  EXPECT_EQ(counters.prefetch_used + counters.prefetch_late, expected.prefetch.used);
  EXPECT_EQ(counters.prefetch_useless, expected.prefetch.useless);
}

// The same accesses in a tier, between accesses to another with a limit of its own.
TEST_P(SameAsSimulator, InATier) {
  constexpr std::uint32_t kPages = 400;
  constexpr std::uint64_t kLocal = 100;
  const std::vector<std::uint32_t> steps = runs_over(kPages);
  Fetching process(kLocal, "leap");
  process.block.tiers[2].own = DIME_OWN_LOCAL;
  process.block.tiers[2].local_npages = 50;
  process.engine.instance().use_policy(2, policies::kFifo, 2);
  process.engine.instance().use_own_set(2, true);
  process.use_tiers();
  process.use(1, GetParam());
  process.use(2, "sequential:4");
  for (std::size_t i = 0; i < steps.size(); ++i) {
    process.touch(Fetching::kPerTier + steps[i]);
    process.touch(2 * Fetching::kPerTier + i % 200);
  }
  const auto expected = simulated(GetParam(), steps, kPages, kLocal, Fetching::kPerTier);
  const dime_counters& counters = process.tier_counters(1);
  EXPECT_EQ(counters.faults_remote + counters.faults_first_touch, expected.misses);
  EXPECT_EQ(counters.prefetch_issued, expected.prefetch.issued);
  EXPECT_EQ(counters.prefetch_used + counters.prefetch_late, expected.prefetch.used);
  EXPECT_EQ(counters.prefetch_useless, expected.prefetch.useless);
}

INSTANTIATE_TEST_SUITE_P(All, SameAsSimulator,
                         testing::Values("none", "sequential:4", "linux", "stride", "leap"));

}  // namespace
}  // namespace dime::test
