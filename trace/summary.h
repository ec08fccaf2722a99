// SPDX-License-Identifier: GPL-2.0
// What is in a trace: counts, and the working set over time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "trace/event.h"
#include "trace/meta.h"
#include "trace/reader.h"

namespace dime::trace {

/// A part of the time.
struct Interval {
  std::uint64_t begin_ns = 0;
  std::uint64_t end_ns = 0;
  std::uint64_t uses = 0;   ///< events by which the program used a page
  std::uint64_t pages = 0;  ///< different pages of them: the working set
};

struct Summary {
  Meta meta;
  std::uint64_t events = 0;
  std::uint64_t kinds[kWhyCount] = {};
  std::uint64_t uses = 0;
  std::uint64_t pages = 0;  ///< different ones
  std::uint64_t duration_ns = 0;
  std::vector<Interval> intervals;
  std::string problem;  ///< why the trace ends before its end, or empty
};

inline constexpr unsigned kIntervals = 20;

/// Reads the trace twice.
Result<Summary> summarize(const std::string& path);

/// For how many local pages of the whole program the trace predicts well, at least; 1 where all
/// accesses are in it. `pages` is the number of different pages in it.
std::uint64_t good_from(const Meta& meta, std::uint64_t pages);

std::string text_of(const Summary& summary);
std::string json_of(const Summary& summary);

}  // namespace dime::trace
