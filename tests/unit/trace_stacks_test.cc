// SPDX-License-Identifier: GPL-2.0
// Call stacks in traces: what is written is read again, what is damaged is noticed, folding adds
// up, and traces without stacks are as they were.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "trace/block.h"
#include "trace/breakdown.h"
#include "trace/fold.h"
#include "trace/numbers.h"
#include "trace/reader.h"
#include "trace/writer.h"

namespace dime::trace {
namespace {

using Counts = std::map<std::string, std::uint64_t>;

class TraceStacksTest : public testing::Test {
 protected:
  TraceStacksTest() {
    char name[] = "/tmp/dime-trace-stacks-test-XXXXXX";
    folder_ = ::mkdtemp(name);
  }
  ~TraceStacksTest() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::string path() const { return folder_ + "/t"; }

  Writer begin(std::uint64_t stacks) {
    Info info;
    info.stacks = stacks;
    auto writer = Writer::create(path(), info);
    EXPECT_TRUE(writer);
    const std::uint32_t process = writer->add(Process{10, 1, "prog"});
    thread_ = writer->add(Thread{process, 11});
    return std::move(*writer);
  }

  // main calls `touch`, and `copy` where no name is known.
  void add_stacks(Writer& writer) {
    const std::uint32_t file = writer.add(CodeFile{"/usr/bin/prog", "c0ffee"});
    const std::uint32_t frames[] = {
        writer.add(Frame{file, 0x100, "main"}), writer.add(Frame{file, 0x200, "touch(a; b)"}),
        writer.add(Frame{file, 0x300, ""}), writer.add(Frame{Frame::kNoFile, 0, ""})};
    main_ = writer.add(StackNode{0, frames[0]});
    touch_ = writer.add(StackNode{main_, frames[1]});
    copy_ = writer.add(StackNode{touch_, frames[2]});
    unknown_ = writer.add(StackNode{0, frames[3]});
  }

  void append(Writer& writer, Why why, std::uint64_t page, std::uint32_t stack) const {
    ASSERT_TRUE(writer.append({100, page, thread_, why, Access::kRead}, stack));
  }

  void write_all() {
    Writer writer = begin(1);
    add_stacks(writer);
    append(writer, Why::kFirstTouch, 1, main_);
    append(writer, Why::kDemand, 1, touch_);
    append(writer, Why::kEvictDirty, 1, 0);
    append(writer, Why::kDemand, 2, touch_);
    ASSERT_TRUE(writer.flush());
    append(writer, Why::kDemand, 1, copy_);
    append(writer, Why::kDemand, 1, 0);
    append(writer, Why::kDemand, 1, unknown_);
    ASSERT_TRUE(writer.finish({}));
  }

  std::string folder_;
  std::uint32_t thread_ = 0;
  std::uint32_t main_ = 0;
  std::uint32_t touch_ = 0;
  std::uint32_t copy_ = 0;
  std::uint32_t unknown_ = 0;
};

TEST_F(TraceStacksTest, WhatIsWrittenIsReadAgain) {
  write_all();
  auto reader = Reader::open(path());
  ASSERT_TRUE(reader);
  std::vector<Event> events;
  ASSERT_TRUE(reader->next(events));
  EXPECT_EQ(events.size(), 4u);
  EXPECT_EQ(reader->stacks(), (std::vector<std::uint32_t>{main_, touch_, 0, touch_}));
  ASSERT_TRUE(reader->next(events));
  EXPECT_EQ(reader->stacks(), (std::vector<std::uint32_t>{copy_, 0, unknown_}));
  EXPECT_FALSE(reader->next(events));
  EXPECT_EQ(reader->problem(), "");
  EXPECT_EQ(reader->meta().files[0].build_id, "c0ffee");
  EXPECT_EQ(reader->meta().frames[2].offset, 0x300u);
  EXPECT_EQ(reader->meta().stacks.size(), 4u);
}

TEST_F(TraceStacksTest, RemoteAccessesAreFolded) {
  write_all();
  const auto folded = fold(path());
  ASSERT_TRUE(folded);
  EXPECT_EQ(folded->counts, (Counts{{"prog;[unknown]", 1},
                                    {"prog;main;touch(a: b)", 2},
                                    {"prog;main;touch(a: b);[prog+0x300]", 1}}));
  EXPECT_EQ(folded->remote, 5u);
  EXPECT_EQ(folded->with_stack, 4u);
}

TEST_F(TraceStacksTest, AccessesBelongToTheInnermostFunction) {
  write_all();
  const auto broken_down = break_down(path(), By::kFunction);
  ASSERT_TRUE(broken_down);
  Counts remote;
  for (const Share& share : broken_down->shares) {
    remote[share.name] = share.remote;
  }
  EXPECT_EQ(remote,
            (Counts{{"main", 0}, {"touch(a: b)", 2}, {"[prog+0x300]", 1}, {"[unknown]", 1}}));
}

TEST_F(TraceStacksTest, ATraceWithoutStacksIsRefused) {
  Writer writer = begin(0);
  append(writer, Why::kDemand, 1, 0);
  ASSERT_TRUE(writer.finish({}));
  auto reader = Reader::open(path());
  ASSERT_TRUE(reader);
  std::vector<Event> events;
  ASSERT_TRUE(reader->next(events));
  EXPECT_TRUE(reader->stacks().empty());
  const auto folded = fold(path());
  ASSERT_FALSE(folded);
  EXPECT_NE(folded.error().message.find("--folded"), std::string::npos);
  const auto broken_down = break_down(path(), By::kFunction);
  ASSERT_FALSE(broken_down);
  EXPECT_NE(broken_down.error().message.find("--by function"), std::string::npos);
}

TEST_F(TraceStacksTest, NamesOfMemoryOfAProcessThatIsNotThereNameNothing) {
  Writer writer = begin(0);
  append(writer, Why::kDemand, 1, 0);
  writer.add(Range{1U << 30, 0, 10, "nobody's"});
  ASSERT_TRUE(writer.finish({}));
  const auto broken_down = break_down(path(), By::kMapping);
  ASSERT_TRUE(broken_down);
  EXPECT_EQ(broken_down->shares[0].name, "(anonymous)");
}

TEST_F(TraceStacksTest, ACutTraceFoldsUpToItsLastBlock) {
  write_all();
  const auto bytes = std::filesystem::file_size(path());
  std::filesystem::resize_file(path(), bytes - 30);  // within the line about its end
  const auto folded = fold(path());
  ASSERT_TRUE(folded);
  EXPECT_EQ(folded->with_stack, 4u);
  EXPECT_NE(folded->problem, "");
}

TEST_F(TraceStacksTest, ManyNewStacksFillSeveralBlocks) {
  Writer writer = begin(1);
  add_stacks(writer);
  constexpr std::uint32_t kEach = 100;
  std::uint32_t last = 0;
  for (std::uint32_t i = 0; i < kMostBlockNodes / kEach; ++i) {
    last = 0;
    for (std::uint32_t depth = 0; depth < kEach; ++depth) {
      last = writer.add(StackNode{last, depth % 4});
    }
    append(writer, Why::kDemand, i, last);
  }
  ASSERT_TRUE(writer.finish({}));
  const auto folded = fold(path());
  ASSERT_TRUE(folded);
  EXPECT_EQ(folded->problem, "");
  EXPECT_EQ(folded->counts.size(), 1u) << "all have the same frames";
  EXPECT_EQ(folded->with_stack, kMostBlockNodes / kEach);
}

TEST(StackBlocks, AreReadAsTheyWereWritten) {
  const Stacks stacks{{{0, 3}, {5, 0}, {6, 3}, {2, 1}}, {{0, 7}, {1, 1}, {100, 8}}};
  EXPECT_EQ(decode_stacks(encode_stacks(stacks, 5), 5, 4), stacks);
  const Stacks none;
  EXPECT_EQ(decode_stacks(encode_stacks(none, 1), 1, 0), none);
}

// The header of `nodes` and `events`, and the four columns.
std::vector<std::uint8_t> block_of(std::uint64_t nodes, std::uint64_t events,
                                   const std::vector<std::uint8_t> (&columns)[4]) {
  std::vector<std::uint8_t> block = {kStackBlock};
  put(block, nodes);
  put(block, events);
  put_columns(block, columns);
  return block;
}

TEST(StackBlocks, DamagedOnesAreNone) {
  EXPECT_TRUE(decode_stacks(block_of(1, 1, {{1}, {0}, {0}, {2}}), 1, 1)) << "a sound one";
  EXPECT_FALSE(decode_stacks(block_of(1, 1, {{0}, {0}, {0}, {2}}), 1, 1)) << "its own caller";
  EXPECT_FALSE(decode_stacks(block_of(1, 1, {{2}, {0}, {0}, {2}}), 1, 1)) << "caller below 0";
  EXPECT_FALSE(decode_stacks(block_of(1, 1, {{1}, {0}, {0}, {2}}), 1, 0)) << "unknown frame";
  EXPECT_FALSE(decode_stacks(block_of(1, 1, {{1}, {0}, {0}, {4}}), 1, 1)) << "unknown stack";
  EXPECT_FALSE(decode_stacks(block_of(1, 1, {{1}, {0}, {0}, {0}}), 1, 1)) << "stack 0";
  EXPECT_FALSE(decode_stacks(block_of(2, 1, {{1}, {0}, {0}, {2}}), 1, 1)) << "cut column";
  EXPECT_FALSE(decode_stacks(block_of(1, 1, {{1}, {0, 0}, {0}, {2}}), 1, 1)) << "long column";
  EXPECT_FALSE(decode_stacks(block_of(1, 1, {{1}, {0}, {0x80, 0x80, 8}, {2}}), 1, 1))
      << "an event beyond any block";
  EXPECT_FALSE(decode_stacks(block_of(kMostBlockNodes + 1, 0, {{}, {}, {}, {}}), 1, 1));
  EXPECT_FALSE(decode_stacks({}, 1, 1));
}

}  // namespace
}  // namespace dime::trace
