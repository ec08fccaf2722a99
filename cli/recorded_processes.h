// SPDX-License-Identifier: GPL-2.0
// The processes and threads of a recording: from the numbers of events to the indices of a trace,
// with the names of their memory and the end of each.
#pragma once

#include <bitset>
#include <cstdint>
#include <map>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "cli/recorded_stacks.h"
#include "dime/abi.h"
#include "dime/events.h"
#include "trace/writer.h"

namespace dime {

/// Not thread-safe. `control` and `writer` outlive it.
class RecordedProcesses {
 public:
  /// Times of the trace begin at `start_ns`. `with_stacks`: events may have call stacks.
  RecordedProcesses(const dime_control& control, trace::Writer& writer, std::uint64_t start_ns,
                    bool with_stacks)
      : control_(control),
        writer_(writer),
        start_ns_(start_ns),
        with_stacks_(with_stacks),
        stacks_(writer) {}

  /// Adds the event to the trace, with whatever has to stand before it.
  Result<void> take(const dime_page_event& event);
  /// An event was given up, and with it the call stack in front of it.
  void skip() { stacks_.forget(); }
  /// Whether there has been any process.
  [[nodiscard]] bool any() const { return any_; }
  /// Adds the phase.
  void take(const dime_mark& mark);

  /// Looks which processes have ended, and what the others call their memory. To be called about
  /// ten times a second.
  void look();

 private:
  /// The pages that a process has, by 2 MiB.
  static constexpr std::uint64_t kPagesPerPart = 512;
  using Pages = std::unordered_map<std::uint64_t, std::bitset<kPagesPerPart>>;

  struct Process {
    std::uint32_t index = 0;
    std::unordered_map<std::uint32_t, std::uint32_t> threads;  ///< index by number
    Pages pages;
    std::map<std::uint64_t, std::pair<std::uint64_t, std::string>> named;  ///< by first page
    ProcessCode code;  ///< where call stacks are recorded
    unsigned looks = 0;
    bool gone = false;
  };

  Process& start(std::uint32_t pid, std::uint32_t parent);
  std::uint32_t thread_of(Process& process, std::uint32_t tid);
  [[nodiscard]] std::uint64_t time_of(std::uint64_t time_ns) const;
  Result<void> drop_ended(std::uint64_t time_ns);
  Result<void> drop(Process& process, std::uint64_t time_ns);
  void note_names(std::uint32_t pid, Process& process);

  const dime_control& control_;
  trace::Writer& writer_;
  std::uint64_t start_ns_;
  bool with_stacks_;
  RecordedStacks stacks_;
  bool any_ = false;
  std::unordered_map<std::uint32_t, Process> running_;  ///< by pid
  std::vector<Process> ended_;                          ///< their pages are still to be dropped
};

}  // namespace dime
