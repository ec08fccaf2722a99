// SPDX-License-Identifier: GPL-2.0
// Schedules: what holds when, what an outage does to fetches, and texts that are refused.
#include <gtest/gtest.h>

#include <string>

#include "core/fetch_times.h"
#include "core/link.h"
#include "core/schedule.h"

namespace dime {
namespace {

constexpr Nanos kStart{1'000'000'000};
constexpr Nanos kSecond{kNanosPerSecond};
constexpr link::Terms kUsual{{5'000}, {32'768'000'000}};  // a page in 1 us

dime_schedule schedule_of(const char* text, std::uint64_t outage_max_ns = 10 * kNanosPerSecond) {
  dime_schedule steps{};
  const schedule::Refused refused = schedule::parse(Text(text), steps);
  EXPECT_EQ(refused.problem, nullptr) << text;
  dime_schedule made{};
  made.outage_max_ns = outage_max_ns;
  schedule::set(made, steps, kStart);
  return made;
}

Nanos fetch_at(dime_link_direction& wire, const dime_schedule& schedule, Nanos now) {
  const link::Network network{nullptr, nullptr, &schedule};
  return link::fetch(wire, now, kPageBytes, link::terms_at(network, now, kUsual), network);
}

TEST(Schedule, AStepHoldsUntilAnotherChangesTheSame) {
  const dime_schedule steps =
      schedule_of("1s:latency=50us;2s:bandwidth=1Gbit/s;3s:latency=7us,bandwidth=unlimited");
  const auto at = [&](std::uint64_t ns) { return schedule::at(steps, kStart + Nanos{ns}, kUsual); };
  EXPECT_EQ(at(999'999'999).latency, kUsual.latency);
  EXPECT_EQ(at(1'000'000'000).latency, Nanos{50'000});
  EXPECT_EQ(at(1'000'000'000).bandwidth, kUsual.bandwidth);
  EXPECT_EQ(at(2'500'000'000).latency, Nanos{50'000});
  EXPECT_EQ(at(2'500'000'000).bandwidth, BitsPerSecond{1'000'000'000});
  EXPECT_EQ(at(4'000'000'000).latency, Nanos{7'000});
  EXPECT_TRUE(at(4'000'000'000).bandwidth.unlimited());
}

TEST(Schedule, WithoutOutagesAFetchTakesWhatItTakes) {
  dime_link_direction wire{};
  const dime_schedule steps = schedule_of("1s:latency=50us");
  EXPECT_EQ(fetch_at(wire, steps, kStart), kStart + Nanos{6'000});
  EXPECT_EQ(fetch_at(wire, steps, kStart + kSecond), kStart + kSecond + Nanos{51'000});
}

TEST(Schedule, ATouchDuringAnOutageReturnsAfterItsEnd) {
  dime_link_direction wire{};
  const dime_schedule steps = schedule_of("1s:down;2s:up");
  const Nanos up = kStart + kSecond + kSecond;
  EXPECT_EQ(fetch_at(wire, steps, kStart + kSecond), up + Nanos{6'000});
  // The next one queues behind it.
  EXPECT_EQ(fetch_at(wire, steps, kStart + kSecond + Nanos{500}), up + Nanos{7'000});
  EXPECT_EQ(fetch_at(wire, steps, up + Nanos{100'000}), up + Nanos{106'000});
}

TEST(Schedule, AnOutageInterruptsWhatIsUnderWay) {
  const dime_schedule steps = schedule_of("1s:down;2s:up");
  const Nanos down = kStart + kSecond;
  for (std::uint64_t before = 0; before <= 6'000; before += 250) {
    dime_link_direction wire{};
    const Nanos ready = fetch_at(wire, steps, down - Nanos{before});
    const Nanos expected = before == 6'000 ? down : down + kSecond + Nanos{6'000 - before};
    EXPECT_EQ(ready, expected) << before;
  }
}

TEST(Schedule, NoFetchWaitsLongerThanTheMaximum) {
  dime_link_direction wire{};
  const Nanos down = kStart + kSecond;
  const dime_schedule for_ever = schedule_of("1s:down", 3'000'000);
  // However many ask: the queue behind an outage without an end does not grow by it each time.
  for (std::uint64_t i = 0; i < 100; ++i) {
    const Nanos at = down + Nanos{i * 10};
    const Nanos ready = fetch_at(wire, for_ever, at);
    EXPECT_GE(ready, at + Nanos{3'000'000});
    EXPECT_LE(ready, at + Nanos{3'000'000 + 5'000 + (i + 1) * 1'000});
  }
}

TEST(Schedule, SeveralOutagesShareOnePatience) {
  const dime_schedule steps = schedule_of("1us:down;2us:up;3us:down;9us:up", 2'000);
  Nanos patience{2'000};
  // 1 us until down, 1 us waited, 1 us up, 1 us waited, and then no more.
  EXPECT_EQ(schedule::after(steps, kStart, {5'000}, patience), kStart + Nanos{7'000});
  EXPECT_EQ(patience, Nanos{0});
}

TEST(Schedule, WithoutBandwidthOutagesHoldAsWell) {
  dime_link_direction wire{};
  const dime_schedule steps = schedule_of("1s:down;2s:up");
  const link::Network network{nullptr, nullptr, &steps};
  const Nanos down = kStart + kSecond;
  EXPECT_EQ(link::fetch(wire, down, kPageBytes, {{5'000}, {0}}, network),
            down + kSecond + Nanos{5'000});
  EXPECT_EQ(wire.next_free, 0u);
}

TEST(Schedule, TextsThatAreRefusedAndThePartThatIs) {
  const struct {
    const char* text;
    const char* part;
  } cases[] = {{"", ""},
               {"10s", "10s"},
               {"10:down", "10"},
               {"soon:down", "soon"},
               {"1000001s:down", "1000001s"},
               {"10s:", ""},
               {"10s:sideways", "sideways"},
               {"10s:latency=5", "latency=5"},
               {"10s:latency=5us,latency=6us", "latency=6us"},
               {"10s:bandwidth=0", "bandwidth=0"},
               {"10s:up", "up"},
               {"10s:down;20s:down", "down"},
               {"10s:down;10s:up", "10s"},
               {"10s:down;5s:up", "5s"},
               {"10s:down;", ""},
               {"10s:down,", ""}};
  for (const auto& refused : cases) {
    dime_schedule steps{};
    const schedule::Refused why = schedule::parse(Text(refused.text), steps);
    EXPECT_NE(why.problem, nullptr) << refused.text;
    EXPECT_EQ(std::string(why.part.data == nullptr ? "" : why.part.data, why.part.size)
                  .substr(0, std::string(refused.part).size()),
              refused.part)
        << refused.text;
  }
  std::string many;
  for (int i = 1; i <= DIME_MAX_STEPS + 1; ++i) {
    many += (i == 1 ? "" : ";") + std::to_string(i) + "s:latency=5us";
  }
  dime_schedule steps{};
  EXPECT_NE(schedule::parse({many.data(), static_cast<std::uint32_t>(many.size())}, steps).problem,
            nullptr);
}

TEST(FetchTimes, AreInterpolatedAndHoldTheWire) {
  const auto parsed = fetch_times::parse("4096:3000,16384:6000,65536:18000");
  ASSERT_TRUE(parsed.ok());
  const dime_fetch_times& times = parsed.value;
  EXPECT_EQ(fetch_times::at(times, 4'096), Nanos{3'000});
  EXPECT_EQ(fetch_times::at(times, 8'192), Nanos{4'000});
  EXPECT_EQ(fetch_times::at(times, 65'536), Nanos{18'000});
  EXPECT_EQ(fetch_times::at(times, 69'632), Nanos{19'000});  // the last line goes on
  EXPECT_EQ(fetch_times::at(times, 0), Nanos{2'000});        // and the first
  dime_link_direction wire{};
  const link::Network network{nullptr, &times, nullptr};
  EXPECT_EQ(link::fetch(wire, kStart, 4'096, kUsual, network), kStart + Nanos{3'000});
  // The wire was held for 1 us, so a second page is there 1 us later.
  EXPECT_EQ(link::fetch(wire, kStart, 4'096, kUsual, network), kStart + Nanos{4'000});
  dime_parameters parameters{};
  parameters.bandwidth_bps = kUsual.bandwidth.value;
  parameters.latency_ns = 77;
  EXPECT_EQ(link::unloaded_stall(parameters, &times), Nanos{3'000});
}

TEST(FetchTimes, AreBoundedWhereALineGoesOn) {
  const auto steep = fetch_times::parse("1:0,2:60000000000");
  ASSERT_TRUE(steep.ok());
  EXPECT_EQ(fetch_times::at(steep.value, 4'096), Nanos{60'000'000'000});
  EXPECT_EQ(fetch_times::at(steep.value, 1u << 30), Nanos{60'000'000'000});
}

TEST(FetchTimes, ABatchPaysTheLatencyOnce) {
  dime_link_direction wire{};
  EXPECT_EQ(link::fetch(wire, kStart, 4 * kPageBytes, kUsual, {}), kStart + Nanos{9'000});
  EXPECT_EQ(wire.bytes, 4 * kPageBytes);
}

TEST(FetchTimes, TextsThatAreRefused) {
  for (const char* const text : {"", "4096", "4096:", ":5", "4096:x", "0:5", "4096:5,4096:6",
                                 "4096:5,8192:4", "4096:60000000001", "1073741825:5", "4096:5,"}) {
    EXPECT_FALSE(fetch_times::parse(Text(text)).ok()) << text;
  }
}

}  // namespace
}  // namespace dime
