// SPDX-License-Identifier: GPL-2.0
// A trace as a simulator wants it: what the program did, step by step, with pages numbered densely,
// and what the recording took off the time.
//
// Evictions and the like are the recording's own decisions and are left out: a replay makes its
// own.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "engines/simulator/page_places.h"
#include "trace/meta.h"

namespace dime::prediction {

/// A thread of the program.
struct ProgramThread {
  static constexpr std::uint32_t kNone = UINT32_MAX;
  std::uint64_t first_step = 0;
  std::uint32_t starter = kNone;  ///< the thread that its process ran last before it began
};

struct Program {
  std::vector<std::uint32_t> steps;      ///< a page, or one with simulator::kDropped or kMoved
  std::vector<std::uint64_t> times;      ///< of the steps, ns since the start, in the recording
  std::vector<std::uint32_t> thread_of;  ///< index into `threads`; empty where there is only one
  std::vector<bool> was_remote;          ///< the recording has fetched the page; empty = never
  std::vector<ProgramThread> threads;
  simulator::PagePlaces places;  ///< of the pages, for prefetchers
  std::uint64_t pages = 0;    ///< different ones; of the whole program where the trace is a sample
  std::uint32_t numbers = 0;  ///< all numbers in `steps` are below
  std::uint64_t references = 0;  ///< steps that use a page; the same
  std::uint64_t good_from =
      1;                      ///< the smallest local size of the program that the trace is good for
  std::uint64_t wall_ns = 0;  ///< how long the recording took
  double stall_ns = 0;        ///< what a fetch took in the recording, on average
  trace::Meta meta;
  std::string problem;  ///< why the trace ends before its end, or empty

  /// The part of the program's pages that so many local ones are.
  [[nodiscard]] double share(std::uint64_t local_pages) const {
    return static_cast<double>(local_pages) / static_cast<double>(pages);
  }
  [[nodiscard]] std::uint32_t thread(std::uint64_t step) const {
    return thread_of.empty() ? 0 : thread_of[step];
  }
};

/// The order in which a recording fetched its pages, or used them where it is of all accesses: page
/// numbers, by process.
using Tape = std::vector<std::vector<std::uint64_t>>;
Result<Tape> read_tape(const std::string& path);

/// Reads the trace at `path`. `progress` is told how much is done, of 1. An error where it cannot
/// be read, or nothing in it uses a page.
Result<Program> read_program(const std::string& path, const std::function<void(double)>& progress);

}  // namespace dime::prediction
