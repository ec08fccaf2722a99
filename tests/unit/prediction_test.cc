// SPDX-License-Identifier: GPL-2.0
// From a trace to misses and times: drops and moves of pages, threads, and sums done by hand.
#include "engines/prediction/prediction.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <random>

#include "engines/simulator/replay.h"
#include "policies/registry.h"
#include "trace/writer.h"

namespace dime::prediction {
namespace {

using policies::kFifo;
using policies::kLru;
using simulator::kDropped;
using simulator::Miss;
using simulator::ReplayResult;
using trace::Access;
using trace::Event;
using trace::Why;

ChosenPolicy chosen(const dime_policy_ops& policy) {
  ChosenPolicy one{policy.name, {}};
  policy_choice::read(policy, Text(policy.name), one.choice);
  return one;
}

Event use(std::uint64_t page, Why why = Why::kReference, std::uint64_t time_ns = 0,
          std::uint32_t thread = 0) {
  return {time_ns, page, thread, why, Access::kUnknown};
}

class PredictionTest : public testing::Test {
 protected:
  PredictionTest() {
    char name[] = "/tmp/dime-prediction-XXXXXX";
    folder_ = ::mkdtemp(name);
  }
  ~PredictionTest() override { std::filesystem::remove_all(folder_); }

  // A trace of these events: threads 0 and 1 are of one process, 2 is of another.
  Program program_of(const std::vector<Event>& events, trace::Source source, const trace::End& end,
                     double sample = 1) const {
    trace::Info info;
    info.source = source;
    info.sample = sample;
    auto writer = trace::Writer::create(folder_ + "/t", info);
    EXPECT_TRUE(writer);
    const std::uint32_t process = writer->add(trace::Process{1, 0, "p"});
    writer->add(trace::Thread{process, 1});
    writer->add(trace::Thread{process, 2});
    writer->add(trace::Thread{writer->add(trace::Process{2, 0, "q"}), 3});
    for (const Event& event : events) {
      EXPECT_TRUE(writer->append(event));
    }
    EXPECT_TRUE(writer->finish(end));
    auto program = read_program(folder_ + "/t", [](double /*part*/) {});
    EXPECT_TRUE(program);
    return program ? std::move(*program) : Program{};
  }

  // A recording of 100 us: two first touches, and four fetches of 1 us each.
  [[nodiscard]] Program two_pages_in_turn(std::uint64_t floor_ns) const {
    std::vector<Event> events = {use(1, Why::kFirstTouch, 0), use(2, Why::kFirstTouch, 10'000)};
    for (std::uint64_t i = 0; i < 4; ++i) {
      events.push_back(use(1 + i % 2, Why::kDemand, 20'000 + i * 20'000));
    }
    trace::End end;
    end.wall_ns = 100'000;
    end.stalls = 4;
    end.stall_ns = 4'000;
    end.floor_ns = floor_ns;
    return program_of(events, trace::Source::kFaults, end);
  }

  // FIFO with one and with two local pages, and fetches of 50 us.
  static PredictionSetup one_page_and_two() {
    PredictionSetup setup;
    setup.policies = {chosen(kFifo)};
    setup.sizes = {1, 2};
    setup.parameters.latency_ns = 50'000;
    return setup;
  }

  // What a policy misses at a size.
  static ReplayResult missed(const Program& program, std::uint64_t size,
                             const dime_policy_ops& policy = kFifo) {
    return simulator::replay({&policy, nullptr, size, 1}, program.steps, program.numbers).value();
  }

  std::string folder_;
};

TEST_F(PredictionTest, ADroppedPageIsAllocatedAnewAndLeavesRoom) {
  const Program program =
      program_of({use(10), use(11), use(10, Why::kDropped), use(12), use(11), use(10)},
                 trace::Source::kReferences, {});
  EXPECT_EQ(program.references, 5u);
  EXPECT_EQ(program.pages, 3u);
  for (const dime_policy_ops* const policy : {&kFifo, &kLru}) {
    const ReplayResult result = missed(program, 2, *policy);
    EXPECT_EQ(result.misses, 4u) << policy->name;  // 11 stays when 12 comes
    EXPECT_EQ(result.first_touches, 4u) << policy->name;
    EXPECT_EQ(result.evictions, 1u) << policy->name;
  }
}

TEST_F(PredictionTest, AMovedPageIsTheSamePage) {
  const Program program =
      program_of({use(10), use(10, Why::kMovedFrom), use(20, Why::kMovedTo), use(20), use(10)},
                 trace::Source::kReferences, {});
  EXPECT_EQ(missed(program, 5).misses, 2u);
  EXPECT_EQ(program.pages, 2u);
}

// As in a live engine: 10 goes behind 11, which then leaves for 12.
TEST_F(PredictionTest, AMovedPageComesAnewToThePolicy) {
  const Program program = program_of({use(10), use(11), use(10, Why::kMovedFrom),
                                      use(20, Why::kMovedTo), use(12), use(20), use(11)},
                                     trace::Source::kReferences, {});
  EXPECT_EQ(program.references, 5u);
  for (const dime_policy_ops* const policy : {&kFifo, &kLru}) {
    const ReplayResult result = missed(program, 2, *policy);
    EXPECT_EQ(result.references, 5u) << policy->name;
    EXPECT_EQ(result.misses, 4u) << policy->name;
    EXPECT_EQ(result.first_touches, 3u) << policy->name;
  }
  EXPECT_EQ(missed(program, 2, policies::kOpt).misses, 4u);
}

// Pages of two processes are moved at the same moment, from and to different places.
TEST_F(PredictionTest, MovesOfProcessesDoNotMix) {
  const Program program =
      program_of({use(10), use(30, Why::kReference, 0, 2), use(10, Why::kMovedFrom),
                  use(30, Why::kMovedFrom, 0, 2), use(20, Why::kMovedTo),
                  use(40, Why::kMovedTo, 0, 2), use(20), use(40, Why::kReference, 0, 2)},
                 trace::Source::kReferences, {});
  EXPECT_EQ(missed(program, 5).misses, 2u);
  EXPECT_EQ(program.pages, 2u);
}

TEST_F(PredictionTest, EvictionsOfTheRecordingDoNotCount) {
  const Program program = program_of({use(1, Why::kFirstTouch), use(2, Why::kFirstTouch),
                                      use(1, Why::kEvictDirty), use(1, Why::kDemand)},
                                     trace::Source::kFaults, {});
  EXPECT_EQ(program.references, 3u);
  EXPECT_EQ(missed(program, 2).misses, 2u);
  EXPECT_EQ(missed(program, 1).misses, 3u);
}

// Dropped pages among many: the ring of arrivals against a list that is searched.
TEST_F(PredictionTest, FifoWithDropsIsThatOfAPlainList) {
  std::mt19937 random(1);
  constexpr std::uint32_t kPages = 50;
  std::vector<std::uint32_t> steps;
  for (int i = 0; i < 20'000; ++i) {
    const std::uint32_t page = static_cast<std::uint32_t>(random() % kPages);
    steps.push_back(random() % 8 == 0 ? page | kDropped : page);
  }
  for (const std::uint64_t size : {1, 2, 7, 30, 60}) {
    std::vector<std::uint32_t> list;
    std::uint64_t misses = 0;
    std::uint64_t evictions = 0;
    for (const std::uint32_t step : steps) {
      const auto found = std::find(list.begin(), list.end(), step & ~kDropped);
      if ((step & kDropped) != 0) {
        if (found != list.end()) {
          list.erase(found);
        }
      } else if (found == list.end()) {
        ++misses;
        if (list.size() == size) {
          list.erase(list.begin());
          ++evictions;
        }
        list.push_back(step);
      }
    }
    std::vector<Miss> noted;
    const ReplayResult result =
        simulator::replay({&kFifo, nullptr, size, 1}, steps, kPages, &noted).value();
    EXPECT_EQ(result.misses, misses) << size;
    EXPECT_EQ(result.evictions, evictions) << size;
    EXPECT_EQ(noted.size(), misses) << size;
  }
}

// Without the recording's fetches there are 96 us.
TEST_F(PredictionTest, TheRecordingsFetchesAreTakenOffAndTheReplaysAreAdded) {
  const Program program = two_pages_in_turn(0);
  PredictionSetup setup = one_page_and_two();
  setup.workers = 2;
  const auto points = predict(program, setup).value();
  ASSERT_EQ(points.size(), 2u);
  EXPECT_EQ(points[0].timing.fetches, 4u);
  EXPECT_DOUBLE_EQ(points[0].timing.wall_s, 96e-6 + 4 * 50e-6);
  EXPECT_DOUBLE_EQ(points[0].slow_down(), 296.0 / 96.0);
  EXPECT_EQ(points[1].timing.fetches, 0u);
  EXPECT_DOUBLE_EQ(points[1].timing.wall_s, 96e-6);
  EXPECT_DOUBLE_EQ(points[1].slow_down(), 1.0);
}

// The same recording of a program that takes 50 us natively: 46 us are the faults', two first
// touches at a floor of 3 us and four fetches with the rest, 10 us each.
TEST_F(PredictionTest, WhatFaultsTookBeyondTheirStallsIsPaidByThoseOfTheReplay) {
  const Program program = two_pages_in_turn(3'000);
  PredictionSetup setup = one_page_and_two();
  setup.native_ns = 50'000;
  const auto points = predict(program, setup).value();
  ASSERT_EQ(points.size(), 2u);
  EXPECT_DOUBLE_EQ(points[0].timing.native_s, 50e-6);
  EXPECT_DOUBLE_EQ(points[0].timing.wall_s, 50e-6 + 2 * 3e-6 + 4 * (50e-6 + 10e-6));
  EXPECT_DOUBLE_EQ(points[0].timing.stall_s, 4 * 50e-6);
  EXPECT_DOUBLE_EQ(points[1].timing.wall_s, 50e-6 + 2 * 3e-6);
}

TEST_F(PredictionTest, AFetchTakesNoLessThanItDidInTheRecording) {
  trace::End end;
  end.wall_ns = 10'000;
  end.stalls = 1;
  end.stall_ns = 3'000;
  const Program program =
      program_of({use(1, Why::kFirstTouch), use(2, Why::kFirstTouch), use(1, Why::kDemand, 5'000)},
                 trace::Source::kFaults, end);
  PredictionSetup setup;
  setup.policies = {chosen(kFifo)};
  setup.sizes = {1};
  setup.parameters.latency_ns = 100;
  EXPECT_DOUBLE_EQ(predict(program, setup).value().at(0).timing.wall_s, 10e-6);
}

// Two threads that fetch at the same time wait at the same time; one after the other, they add up.
TEST_F(PredictionTest, StallsOfThreadsOverlap) {
  const auto wall = [&](std::uint64_t second_begins) {
    std::vector<Event> events;
    for (std::uint64_t i = 0; i < 10; ++i) {
      events.push_back(use(i % 2, i < 2 ? Why::kFirstTouch : Why::kDemand, i * 1000, 0));
    }
    for (std::uint64_t i = 0; i < 10; ++i) {
      events.push_back(
          use(100 + i % 2, i < 2 ? Why::kFirstTouch : Why::kDemand, second_begins + i * 1000, 1));
    }
    std::stable_sort(events.begin(), events.end(),
                     [](const Event& a, const Event& b) { return a.time_ns < b.time_ns; });
    trace::End end;
    end.wall_ns = 100'000;
    const Program program = program_of(events, trace::Source::kFaults, end);
    PredictionSetup setup;
    setup.policies = {chosen(kFifo)};
    setup.sizes = {1};
    setup.parameters.latency_ns = 50'000;
    return predict(program, setup).value().at(0).timing;
  };
  const Timing apart = wall(50'000);
  EXPECT_DOUBLE_EQ(apart.wall_s, 100e-6 + 16 * 50e-6);
  const Timing together = wall(0);
  EXPECT_EQ(together.fetches, 16u);
  EXPECT_DOUBLE_EQ(together.wall_s, 100e-6 + 8 * 50e-6);
}

TEST_F(PredictionTest, SizesBelowTheRecordingsAreMarked) {
  trace::End end;
  end.limit_pages = 2;
  std::vector<Event> events;
  for (std::uint64_t page = 0; page < 20; ++page) {
    events.push_back(use(page, Why::kFirstTouch));
  }
  const Program program = program_of(events, trace::Source::kFaults, end);
  PredictionSetup setup;
  setup.policies = {chosen(kFifo)};
  setup.sizes = {9, 10, 20};
  const auto points = predict(program, setup).value();
  EXPECT_FALSE(points[0].good);
  EXPECT_TRUE(points[1].good);
  EXPECT_TRUE(points[2].good);
}

// Faults do not say how often a page was accessed.
TEST_F(PredictionTest, PoliciesThatCountAccessesAreMarkedWhereOnlyFaultsAreKnown) {
  PredictionSetup setup;
  setup.policies = {chosen(kFifo), chosen(kLru), chosen(policies::kSieve)};
  setup.sizes = {20};
  for (const auto source : {trace::Source::kFaults, trace::Source::kReferences}) {
    const Program program = program_of({use(1, Why::kFirstTouch)}, source, {});
    const auto points = predict(program, setup).value();
    EXPECT_TRUE(points[0].good);
    EXPECT_TRUE(points[1].good);
    EXPECT_EQ(points[2].good, source == trace::Source::kReferences);
  }
}

TEST_F(PredictionTest, ParametersReachThePolicy) {
  std::vector<Event> events;
  std::mt19937 random(1);
  for (int i = 0; i < 5'000; ++i) {
    events.push_back(use(std::min(random() % 100, random() % 100)));
  }
  const Program program = program_of(events, trace::Source::kReferences, {});
  PredictionSetup setup;
  setup.policies = {chosen(policies::kS3Fifo), chosen(policies::kS3Fifo)};
  ASSERT_TRUE(
      policy_choice::read(policies::kS3Fifo, Text("s3-fifo,small=80%"), setup.policies[1].choice)
          .ok());
  setup.sizes = {20};
  const auto points = predict(program, setup).value();
  EXPECT_NE(points[0].misses, points[1].misses);
}

// 20 pages of a half stand for 40: they miss in half of the room, and each miss counts twice.
TEST_F(PredictionTest, ASampleStandsForAllPages) {
  std::vector<Event> events;
  for (std::uint64_t i = 0; i < 100; ++i) {
    events.push_back(use(i % 20, i < 20 ? Why::kFirstTouch : Why::kDemand, i * 1000));
  }
  trace::End end;
  end.wall_ns = 100'000;
  end.limit_pages = 2;
  const Program program = program_of(events, trace::Source::kFaults, end, 0.5);
  EXPECT_EQ(program.pages, 40u);
  EXPECT_EQ(program.references, 200u);
  EXPECT_EQ(program.good_from, 20u);
  PredictionSetup setup;
  setup.policies = {chosen(kFifo)};
  setup.sizes = {38, 40};
  setup.parameters.latency_ns = 50'000;
  const auto points = predict(program, setup).value();
  EXPECT_EQ(points[0].misses, 200u) << "a cycle through one page more than there is room for";
  EXPECT_EQ(points[0].first_touches, 40u);
  EXPECT_DOUBLE_EQ(points[0].timing.wall_s, 100e-6 + 160 * 50e-6);
  EXPECT_EQ(points[0].timing.fetches, 160u);
  EXPECT_EQ(points[0].timing.bytes_rx, 160u * 4096);
  EXPECT_EQ(points[1].misses, 40u);
  EXPECT_DOUBLE_EQ(points[1].miss_ratio(), 0.2);
}

}  // namespace
}  // namespace dime::prediction
