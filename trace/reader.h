// SPDX-License-Identifier: GPL-2.0
// Reads a trace, block by block.
//
//   DIME_TRY(Reader reader, Reader::open(path));
//   std::vector<Event> events;
//   while (reader.next(events)) { ... }       // one block's events
//   if (!reader.problem().empty()) { ... }    // it was cut, or its rest is damaged
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "trace/event.h"
#include "trace/meta.h"

struct ZSTD_DCtx_s;

namespace dime::trace {

/// Not thread-safe.
class Reader {
 public:
  /// Error: no such file, or no trace of a version and page size that can be read here.
  static Result<Reader> open(const std::string& path);
  /// The same of bytes that outlive the reader; `name` is for messages.
  static Result<Reader> of(std::span<const std::uint8_t> bytes, const std::string& name);

  /// The events of the next block. False: there are none any more, for the reason that problem()
  /// tells.
  bool next(std::vector<Event>& events);

  /// Of the events that next() has given: the number of the call stack of each, 0 = none. Empty
  /// where none of them has one.
  [[nodiscard]] const std::vector<std::uint32_t>& stacks() const { return stacks_; }

  /// What is known so far; complete at the end.
  [[nodiscard]] const Meta& meta() const { return meta_; }

  /// After the end: empty, or why the trace ends before its end, as one sentence for people.
  [[nodiscard]] const std::string& problem() const { return problem_; }

  /// Events read so far.
  [[nodiscard]] std::uint64_t events() const { return events_; }
  /// How much was read so far, of 1.
  [[nodiscard]] double part() const;

 private:
  struct FreeContext {
    void operator()(ZSTD_DCtx_s* context) const;
  };

  Reader() = default;
  bool next_block(std::vector<std::uint8_t>& block);
  bool stop(std::string problem);
  bool take_stacks();
  bool match_stacks(std::size_t events);

  std::shared_ptr<void> mapping_;  ///< what `bytes_` lies in, where it was a file
  std::span<const std::uint8_t> bytes_;
  std::size_t at_ = 0;
  std::uint32_t unit_ns_ = 1;
  std::string name_;
  Meta meta_;
  std::string problem_;
  std::uint64_t events_ = 0;
  std::unique_ptr<ZSTD_DCtx_s, FreeContext> context_;
  std::vector<std::uint8_t> block_;
  std::vector<StackedEvent> stacked_;  ///< of the next block of events
  std::vector<std::uint32_t> stacks_;
};

/// All of a trace. A cut one is no error: `problem` says so.
struct Trace {
  Meta meta;
  std::vector<Event> events;
  std::string problem;
};
Result<Trace> load(const std::string& path);

}  // namespace dime::trace
