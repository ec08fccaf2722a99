// SPDX-License-Identifier: GPL-2.0
// Takes the events of an instance from its ring and writes them to a trace, in a thread of its own,
// while the members run.
//
//   DIME_TRY(const auto recorder, Recorder::start(std::move(block), std::move(writer)));
//   recorder->begin();
//   ... the members run ...
//   DIME_TRY(const Recorded recorded, recorder->finish(wall_s));
#pragma once

#include <atomic>
#include <memory>
#include <thread>

#include "base/result.h"
#include "cli/recorded_processes.h"
#include "control/control_block.h"
#include "control/event_file.h"
#include "trace/writer.h"

namespace dime {

/// What came of a recording.
struct Recorded {
  std::uint64_t events = 0;
  std::uint64_t lost = 0;  ///< events whose writer was killed while it wrote
  std::uint64_t bytes = 0;
  std::uint64_t waits = 0;  ///< how often a member had to wait for the recorder
};

class Recorder {
 public:
  /// To be called before the first member of the instance starts.
  static Result<std::unique_ptr<Recorder>> start(ControlBlock block, trace::Writer writer,
                                                 const EventsWanted& wanted);

  /// An unfinished trace stays as it is: whole up to its last block.
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  /// The trace replaces what its file held, as soon as there is a member. Without this call, or
  /// without a member, the file stays as it was.
  void begin() { begins_ = true; }

  /// Records what is there, and no more from now on. Error: the trace could not be written, or it
  /// ends early. REQUIRES: begin.
  Result<Recorded> finish(double wall_s);

 private:
  Recorder(ControlBlock block, EventFile file, trace::Writer writer, bool with_stacks);
  void run();
  void begin_trace();
  void read_events();
  void skip_stuck(std::chrono::steady_clock::time_point now);
  void note_phases();
  void stop();
  [[nodiscard]] trace::End end_of(double wall_s) const;

  ControlBlock block_;
  EventFile file_;
  trace::Writer writer_;
  std::uint64_t start_ns_;
  RecordedProcesses processes_;
  std::uint64_t marks_ = 0;
  std::uint64_t lost_ = 0;
  std::chrono::steady_clock::time_point progress_;  ///< when an event came last
  Result<void> written_;
  std::atomic<bool> begins_ = false;
  std::atomic<bool> stops_ = false;
  std::thread thread_;
};

}  // namespace dime
