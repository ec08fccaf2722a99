// SPDX-License-Identifier: GPL-2.0
// The trace format: what is written is read again, what is damaged is noticed, sizes are kept.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "trace/block.h"
#include "trace/breakdown.h"
#include "trace/format.h"
#include "trace/page_index.h"
#include "trace/reader.h"
#include "trace/summary.h"
#include "trace/text.h"
#include "trace/writer.h"

namespace dime::trace {
namespace {

class TraceTest : public testing::Test {
 protected:
  TraceTest() {
    char name[] = "/tmp/dime-trace-test-XXXXXX";
    folder_ = ::mkdtemp(name);
  }
  ~TraceTest() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::string path(const std::string& name = "t") const {
    return folder_ + "/" + name;
  }
  [[nodiscard]] std::string bytes() const {
    std::ifstream file(path(), std::ios::binary);
    std::ostringstream all;
    all << file.rdbuf();
    return all.str();
  }
  static std::span<const std::uint8_t> view(const std::string& text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
  }

  // A trace of 3 blocks, without its end where `ends` is false.
  void write(bool ends, std::uint64_t blocks = 3) const {
    Info info;
    info.source = Source::kFaults;
    info.command = {"sort", "-n"};
    auto writer = Writer::create(path(), info);
    ASSERT_TRUE(writer);
    const std::uint32_t process = writer->add(Process{10, 1, "sort"});
    const std::uint32_t thread = writer->add(Thread{process, 11});
    for (std::uint64_t i = 0; i < blocks * kBlockEvents; ++i) {
      ASSERT_TRUE(writer->append({i * 1000, i % 77, thread, Why::kDemand, Access::kRead}));
    }
    writer->add(Range{process, 0, 77, "[heap]"});
    writer->add(Phase{5000, process, "merge"});
    if (ends) {
      End end;
      end.limit_pages = 7;
      ASSERT_TRUE(writer->finish(end));
    } else {
      ASSERT_TRUE(writer->flush());
    }
  }

  std::string folder_;
};

TEST_F(TraceTest, WhatIsWrittenIsReadAgain) {
  write(/*ends=*/true);
  const auto trace = load(path());
  ASSERT_TRUE(trace);
  EXPECT_EQ(trace->problem, "");
  ASSERT_EQ(trace->events.size(), 3 * kBlockEvents);
  const Event expected{kBlockEvents * 1000, kBlockEvents % 77, 0, Why::kDemand, Access::kRead};
  EXPECT_EQ(trace->events[kBlockEvents], expected);
  EXPECT_EQ(trace->meta.info.command, (std::vector<std::string>{"sort", "-n"}));
  EXPECT_EQ(trace->meta.processes.at(0).comm, "sort");
  EXPECT_EQ(trace->meta.threads.at(0).tid, 11);
  EXPECT_EQ(trace->meta.ranges.at(0).name, "[heap]");
  EXPECT_EQ(trace->meta.phases.at(0).name, "merge");
  EXPECT_EQ(trace->meta.end.events, 3 * kBlockEvents);
  EXPECT_EQ(trace->meta.end.limit_pages, 7);
}

TEST_F(TraceTest, EveryFieldOfAnEventSurvives) {
  std::mt19937_64 random(1);
  std::vector<Event> events;
  for (int i = 0; i < 5000; ++i) {
    events.push_back({random() >> (random() % 64), random() >> (random() % 64),
                      static_cast<std::uint32_t>(random()), static_cast<Why>(random() % kWhyCount),
                      static_cast<Access>(random() % 3)});
  }
  EXPECT_EQ(decode_events(encode_events(events, 1), 1), events);
  EXPECT_EQ(decode_events(encode_events({}, 1), 1), std::vector<Event>{});
}

TEST_F(TraceTest, ACutTraceIsReadUpToItsLastWholeBlock) {
  write(/*ends=*/true);
  const std::string whole = bytes();
  for (const std::size_t length :
       {sizeof(Header), sizeof(Header) + 1, whole.size() / 2, whole.size() - 1}) {
    auto reader = Reader::of(view(whole).first(length), "t");
    ASSERT_TRUE(reader);
    std::vector<Event> events;
    while (reader->next(events)) {
      EXPECT_EQ(events.size(), kBlockEvents);
    }
    EXPECT_NE(reader->problem(), "") << length;
  }
}

TEST_F(TraceTest, WithoutItsEndATraceSaysSo) {
  write(/*ends=*/false);
  const auto trace = load(path());
  ASSERT_TRUE(trace);
  EXPECT_EQ(trace->events.size(), 3 * kBlockEvents);
  EXPECT_NE(trace->problem.find("no end"), std::string::npos);
}

// One bit of a Zstandard frame has no meaning, so a change of it does no harm.
TEST_F(TraceTest, ADamagedByteIsNoticedOrHarmless) {
  write(/*ends=*/true);
  const std::string whole = bytes();
  for (std::size_t at = sizeof(Header); at < whole.size(); at += whole.size() / 50) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    auto reader = Reader::of(view(damaged), "t");
    ASSERT_TRUE(reader);
    std::vector<Event> events;
    std::uint64_t next = 0;
    while (reader->next(events)) {
      for (const Event& event : events) {
        ASSERT_EQ(event.page, next++ % 77);
      }
    }
    EXPECT_TRUE(!reader->problem().empty() || next == 3 * kBlockEvents) << at;
  }
}

TEST_F(TraceTest, ForeignFilesAreRefusedWithTheReason) {
  write(/*ends=*/true);
  const auto refusal = [](const std::string& content) {
    const auto reader = Reader::of(view(content), "t");
    return reader ? std::string("taken") : reader.error().message;
  };
  std::string newer = bytes();
  newer[offsetof(Header, version)] = 2;
  std::string larger = bytes();
  larger[offsetof(Header, page_shift)] = 16;
  EXPECT_EQ(refusal(newer), "t: a trace of format version 2; this dime reads version 1");
  EXPECT_EQ(refusal(larger),
            "t: a trace of pages of 2^16 bytes; this dime reads pages of 4096 bytes");
  EXPECT_EQ(refusal("1\n2\n3\n"), "t: not a trace of dime");
  EXPECT_EQ(refusal(std::string(100, 'x')), "t: not a trace of dime");
  std::ofstream(path("empty"));
  EXPECT_EQ(load(path("empty")).error().message, path("empty") + ": empty, so not a trace");
  EXPECT_EQ(load(path("none")).error().code, ENOENT);
}

TEST_F(TraceTest, RandomFaultsOfSeveralThreadsTakeAtMostFourBytes) {
  // As a run under FIFO records them: a fetch at random in 1 GiB by one of four threads, 20 us and
  // some noise after the one before, and the page that goes for it.
  std::mt19937_64 random(1);
  constexpr std::uint64_t kPages = std::uint64_t{1} << 18;
  constexpr std::size_t kLimit = kPages / 20;
  auto writer = Writer::create(path(), {});
  ASSERT_TRUE(writer);
  const std::uint32_t process = writer->add(Process{10, 1, "p"});
  for (std::uint32_t thread = 0; thread < 4; ++thread) {
    writer->add(Thread{process, 11 + thread});
  }
  std::vector<std::uint64_t> fetched;
  std::uint64_t time = 0;
  for (std::size_t i = 0; i < 200'000; ++i) {
    time += 20'000 + random() % 2'000;
    const auto thread = static_cast<std::uint32_t>(random() % 4);
    fetched.push_back(0x7f0000000 + random() % kPages);
    ASSERT_TRUE(writer->append({time, fetched.back(), thread, Why::kDemand,
                                random() % 2 == 0 ? Access::kRead : Access::kWrite}));
    if (i >= kLimit) {
      ASSERT_TRUE(
          writer->append({time, fetched[i - kLimit], thread, Why::kEvictDirty, Access::kUnknown}));
    }
  }
  ASSERT_TRUE(writer->finish({}));
  const double each = static_cast<double>(writer->bytes()) / static_cast<double>(writer->events());
  EXPECT_LE(each, 4.0);
}

TEST_F(TraceTest, WhatWasThereStaysUntilTheWriterBegins) {
  std::ofstream(path()) << "before";
  {
    auto writer = Writer::prepare(path(), {});
    ASSERT_TRUE(writer);
    writer->add(Thread{writer->add(Process{10, 1, "p"}), 11});
    ASSERT_TRUE(writer->append({1'000, 5, 0, Why::kDemand, Access::kRead}));
    ASSERT_TRUE(writer->flush());
    EXPECT_EQ(std::filesystem::file_size(path()), 6);
    ASSERT_TRUE(writer->begin());
    ASSERT_TRUE(writer->append({2'000, 6, 0, Why::kDemand, Access::kRead}));
    ASSERT_TRUE(writer->finish({}));
    EXPECT_EQ(std::filesystem::file_size(path()), writer->bytes());
  }
  const auto trace = load(path());
  ASSERT_TRUE(trace);
  EXPECT_EQ(trace->events.size(), 2);
  EXPECT_EQ(trace->problem, "");
  std::filesystem::remove(path());
  ASSERT_TRUE(Writer::prepare(path(), {}));
  EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(TraceTest, ListsOfPagesBecomeTraces) {
  std::istringstream list("17\n\n# a comment\n 0x20 # another\r\n17\n");
  ASSERT_EQ(convert(list, "list", {100}, path()).value(), 3);
  const auto trace = load(path());
  ASSERT_TRUE(trace);
  ASSERT_EQ(trace->events.size(), 3);
  EXPECT_EQ(trace->events[1], (Event{100, 0x20, 0, Why::kReference, Access::kUnknown}));
  EXPECT_EQ(trace->problem, "");
  EXPECT_EQ(line_of(trace->events[1], trace->meta), "0.000000100 0 0 0x20 reference -\n");
}

TEST_F(TraceTest, OtherLinesAreRefusedWithTheirNumber) {
  for (const char* const wrong :
       {"x", "-1", "1 2", "0x", "1.5", "4503599627370496", "99999999999999999999"}) {
    std::istringstream list(std::string("1\n\n") + wrong + "\n");
    const auto made = convert(list, "list", {100}, path());
    ASSERT_FALSE(made) << wrong;
    EXPECT_NE(made.error().message.find("list, line 3: "), std::string::npos);
  }
  std::istringstream nothing("# only a comment\n");
  EXPECT_FALSE(convert(nothing, "list", {100}, path()));
}

// Two names for memory of which the second covers a part of the first, a phase in the middle.
TEST_F(TraceTest, EventsBelongToMemoryPhasesAndThreads) {
  auto writer = Writer::create(path(), {});
  ASSERT_TRUE(writer);
  const std::uint32_t process = writer->add(Process{10, 1, "sort"});
  const std::uint32_t first = writer->add(Thread{process, 11});
  const std::uint32_t second = writer->add(Thread{process, 12});
  std::uint64_t time = 0;
  const auto append = [&](std::uint64_t page, std::uint32_t thread, Why why) {
    ASSERT_TRUE(writer->append({time += 1'000, page, thread, why, Access::kRead}));
  };
  append(5, first, Why::kFirstTouch);  // heap
  append(15, first, Why::kDemand);     // table, which was heap
  append(15, second, Why::kDemand);
  append(25, second, Why::kDemand);      // heap again, behind the table
  append(99, second, Why::kEvictDirty);  // no name
  writer->add(Range{process, 0, 30, "[heap]"});
  writer->add(Range{process, 10, 10, "[anon: table]"});
  writer->add(Phase{3'000, process, "merge"});
  ASSERT_TRUE(writer->finish({}));

  const auto by = [&](By what) {
    const auto breakdown = break_down(path(), what);
    EXPECT_TRUE(breakdown);
    std::string text;
    for (const Share& share : breakdown->shares) {
      text += fmt::format("{}: {} remote, {} uses, {} pages, {} evictions; ", share.name,
                          share.remote, share.uses, share.pages, share.evictions);
    }
    return text;
  };
  EXPECT_EQ(by(By::kMapping),
            "[anon: table]: 2 remote, 2 uses, 1 pages, 0 evictions; "
            "[heap]: 1 remote, 2 uses, 2 pages, 0 evictions; "
            "(anonymous): 0 remote, 0 uses, 0 pages, 1 evictions; ");
  EXPECT_EQ(by(By::kPhase),
            "merge: 2 remote, 2 uses, 2 pages, 1 evictions; "
            "(before the first): 1 remote, 2 uses, 2 pages, 0 evictions; ");
  EXPECT_EQ(by(By::kThread),
            "sort 12: 2 remote, 2 uses, 2 pages, 1 evictions; "
            "sort 11: 1 remote, 2 uses, 2 pages, 0 evictions; ");
  EXPECT_EQ(by(By::kProcess), "sort 10: 3 remote, 4 uses, 3 pages, 1 evictions; ");
}

TEST_F(TraceTest, TheSummaryCountsPagesAndWorkingSets) {
  std::ostringstream list;
  for (int i = 0; i < 1000; ++i) {
    list << i / 100 << "\n";  // ten pages, a hundred references each
  }
  std::istringstream from(list.str());
  ASSERT_TRUE(convert(from, "list", {1000}, path()));
  const auto summary = summarize(path());
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->events, 1000);
  EXPECT_EQ(summary->pages, 10);
  EXPECT_EQ(summary->duration_ns, 1'000'000);
  ASSERT_EQ(summary->intervals.size(), kIntervals);
  for (const Interval& interval : summary->intervals) {
    EXPECT_EQ(interval.uses, 50);
    EXPECT_EQ(interval.pages, 1);
  }
}

TEST_F(TraceTest, ARecordingIsGoodFromFiveTimesItsLimit) {
  Meta meta;
  EXPECT_EQ(good_from(meta, 1000), 1);
  meta.info.source = Source::kFaults;
  meta.info.local_npages = 30;
  EXPECT_EQ(good_from(meta, 1000), 150);
  meta.info.local_npages = 0;
  meta.info.local_share = 500;
  EXPECT_EQ(good_from(meta, 1000), 250);
  meta.end.limit_pages = 60;
  EXPECT_EQ(good_from(meta, 1000), 300);
}

TEST(PageIndex, NumbersPagesInTheOrderOfTheirAppearance) {
  PageIndex index;
  for (std::uint64_t i = 0; i < 100'000; ++i) {
    ASSERT_EQ(index.of(static_cast<std::uint32_t>(i % 3), (i / 3) << 20), i);
  }
  EXPECT_EQ(index.of(2, std::uint64_t{100} << 20), 302);
  EXPECT_EQ(index.count(), 100'000);
}

TEST(PageIndex, AMovedPageKeepsItsNumber) {
  PageIndex index;
  EXPECT_EQ(index.of(0, 10), 0);
  index.move(0, 10, 20);
  EXPECT_EQ(index.of(0, 20), 0);
  EXPECT_GT(index.of(0, 10), 0);
}

TEST(Meta, LinesOfLaterVersionsAreSkippedAndBrokenOnesAreNot) {
  Meta meta;
  EXPECT_TRUE(
      take_lines("{\"weather\":{\"sun\":1}}\n{\"process\":{\"index\":0,\"pid\":\"x\"}}\n", meta));
  EXPECT_EQ(meta.processes.size(), 1);
  EXPECT_FALSE(take_lines("{\"process\":{\"index\":5}}\n", meta));
  EXPECT_FALSE(take_lines("{\"thread\":{\"index\":0,\"process\":1}}\n", meta));
  EXPECT_FALSE(take_lines("{\"info\":{}", meta));
  EXPECT_FALSE(take_lines("[]\n", meta));
}

}  // namespace
}  // namespace dime::trace
